"""local/rie/checks.py: what each sample event must get, and what is said when it gets something else."""

import json
from typing import Any

import pytest

from local.rie.answers import Json, Mismatch
from local.rie.checks import CHECKS, Known

CONVERSATION = "01JD3Z8Y2M3QZ6T7V9W0X1Y2Z3"
KNOWN = Known(CONVERSATION)
SSE = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache, no-transform"}
JSON = {"content-type": "application/json"}
NDJSON = {"content-type": "application/x-ndjson; charset=utf-8"}
USER = {"messageId": "u", "role": "user", "content": "hi"}
START = {"type": "start", "turnId": "t"}
GREETING = {"type": "contextual", "stage": "initial_greeting", "content": "Right on.\n"}
WORKOUT = {"type": "contextual", "stage": "workout_analysis", "content": "Counting...\n\n"}
PROGRESS = {"type": "progress", "stage": "generating", "message": "Writing"}
CHUNKS = ({"type": "chunk", "content": "Ready "}, {"type": "chunk", "content": "now"})
WORDS = ["Hello", "this", "is", "a", "streaming", "Lambda", "function", "response"]


def http(status: int, headers: dict[str, str], body: str) -> bytes:
    prelude = json.dumps({"statusCode": status, "headers": headers, "cookies": []})
    return prelude.encode() + b"\0" * 8 + body.encode()


def complete(content: str, **changes: Any) -> Json:
    found = {
        "type": "complete",
        "status": "finished",
        "conversationId": CONVERSATION,
        "userMessage": USER,
        "aiMessage": {"messageId": "a", "role": "assistant", "content": content},
        "stopReason": "end_turn",
    }
    return {**found, **changes}


def stream(*events: Json, ids: tuple[str, ...] | None = None) -> bytes:
    names = ids or tuple(f"t.{number}" for number in range(1, len(events) + 1))
    frames = [f"id: {name}\ndata: {json.dumps(event)}\n\n" for name, event in zip(names, events, strict=True)]
    return http(200, SSE, "retry: 3000\n\n" + "".join(frames))


def lines(*objects: Json) -> str:
    return "".join(f"{json.dumps(found)}\n" for found in objects)


def probe(words: list[str], *, count: int = 8) -> str:
    told = [
        {"type": "word", "data": word, "sequence": number, "total": 8}
        for number, word in enumerate(words, start=1)
    ]
    ends = ({"status": "start", "word_count": count}, {"status": "complete", "word_count": count})
    return lines(ends[0], *told, ends[1])


ASIDES = stream(START, GREETING, PROGRESS, *CHUNKS, complete("Right on.\nReady now"))
PLAIN = stream(START, PROGRESS, *CHUNKS, complete("Ready now"))
LOGGED = stream(START, GREETING, WORKOUT, PROGRESS, *CHUNKS, complete("Right on.\nCounting...\n\nReady now"))


def refused(code: str, status: int, **headers: str) -> bytes:
    event = {"type": "error", "code": code, "message": "m", "retryable": False}
    return http(status, {**SSE, **headers}, f"data: {json.dumps(event)}\n\n")


def test_a_new_conversation_is_remembered() -> None:
    headers = {**JSON, "location": f"/users/demo/coaches/atlas/conversations/{CONVERSATION}"}
    answer = http(201, headers, json.dumps({"conversationId": CONVERSATION}))
    assert CHECKS["create-conversation"](answer, Known()) == Known(CONVERSATION)


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (http(200, JSON, "{}"), "status 200, not 201"),
        (http(201, JSON, "{}"), "there is no conversationId"),
        (http(201, JSON, json.dumps({"conversationId": CONVERSATION})), "header 'location'"),
    ],
)
def test_no_new_conversation_is_told(answer: bytes, complaint: str) -> None:
    with pytest.raises(Mismatch, match=complaint):
        CHECKS["create-conversation"](answer, Known())


@pytest.mark.parametrize(
    ("name", "answer"), [("stream", ASIDES), ("stream-short", PLAIN), ("workout-log", LOGGED)]
)
def test_a_turn_adds_its_two_messages(name: str, answer: bytes) -> None:
    known = CHECKS[name](answer, KNOWN)
    assert known.conversation == CONVERSATION
    assert [message["role"] for message in known.messages] == ["user", "assistant"]


@pytest.mark.parametrize(
    ("name", "answer", "complaint"),
    [
        ("stream", PLAIN, r"the asides are \[\], which should hold \['initial_greeting'\]"),
        ("stream-short", ASIDES, r"the asides are \['initial_greeting'\], which should hold none"),
        ("workout-log", ASIDES, "'workout_analysis'"),
        ("stream", http(200, JSON, ""), "header 'content-type': 'application/json'"),
        ("stream", http(503, SSE, "data: {}\n\n"), "status 503, not 200: data: {}"),
        ("stream-short", stream(PROGRESS, complete("")), "illegal order"),
        ("stream-short", stream(START, *CHUNKS), "illegal order"),
        ("stream-short", stream(START, START, complete("")), "illegal order"),
        ("stream-short", stream(START, {"type": "error", "code": "DEADLINE"}), "the last one is .*DEADLINE"),
        ("stream-short", stream(START, *CHUNKS, complete("x"), PROGRESS), "illegal order"),
        ("stream-short", stream(START, complete(""), ids=("t.1", "t.3")), "the events' ids"),
        ("stream-short", stream(START, complete(""), ids=("t.1", "u.2")), "the events' ids"),
        ("stream-short", stream(START, CHUNKS[0], complete("Ready ")), "came in 1 chunks"),
        ("stream-short", stream(START, *CHUNKS, complete("Ready")), "the saved answer: 'Ready'"),
        ("stream-short", stream(START, *CHUNKS, complete("Ready now", userMessage=None)), "lacks a message"),
        (
            "stream-short",
            stream(START, *CHUNKS, complete("Ready now", stopReason="max_tokens")),
            "'stopReason': 'max_tokens'",
        ),
        (
            "stream-short",
            stream(START, *CHUNKS, complete("Ready now", conversationId="other")),
            "'conversationId': 'other'",
        ),
    ],
)
def test_a_turn_that_is_wrong_is_told(name: str, answer: bytes, complaint: str) -> None:
    with pytest.raises(Mismatch, match=complaint):
        CHECKS[name](answer, KNOWN)


def test_the_history_is_what_the_turns_told() -> None:
    known = CHECKS["stream-short"](PLAIN, KNOWN)
    history = {"messages": [USER, {"messageId": "a", "role": "assistant", "content": "Ready now"}]}
    assert CHECKS["messages"](http(200, JSON, json.dumps(history)), known) == known
    with pytest.raises(Mismatch, match="the history"):
        CHECKS["messages"](http(200, JSON, json.dumps(history)), KNOWN)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("bad-token", refused("INVALID_TOKEN", 401, **{"www-authenticate": "Bearer"})),
        ("missing-token", refused("MISSING_AUTH_HEADER", 401, **{"www-authenticate": "Bearer"})),
        ("wrong-user", refused("USER_ID_MISMATCH", 403)),
    ],
)
def test_a_refusal_has_its_status_and_code(name: str, answer: bytes) -> None:
    assert CHECKS[name](answer, KNOWN) == KNOWN


@pytest.mark.parametrize(
    ("name", "answer", "complaint"),
    [
        ("bad-token", ASIDES, "status 200, not 401"),
        ("bad-token", refused("INVALID_TOKEN", 401), "header 'www-authenticate': None"),
        (
            "bad-token",
            refused("TOKEN_EXPIRED", 401, **{"www-authenticate": "Bearer"}),
            "'code': 'TOKEN_EXPIRED', not 'INVALID_TOKEN'",
        ),
        ("wrong-user", refused("USER_ID_MISMATCH", 401), "status 401, not 403"),
    ],
)
def test_another_refusal_is_told(name: str, answer: bytes, complaint: str) -> None:
    with pytest.raises(Mismatch, match=complaint):
        CHECKS[name](answer, KNOWN)


def test_words_come_behind_a_prelude_from_a_route_and_without_one_directly() -> None:
    assert CHECKS["health-stream"](http(200, NDJSON, probe(WORDS)), KNOWN) == KNOWN
    assert CHECKS["words"](probe(WORDS).encode(), KNOWN) == KNOWN
    assert CHECKS["words-text"](b"Hello this is a streaming Lambda function response\n", KNOWN) == KNOWN


@pytest.mark.parametrize(
    ("name", "answer", "complaint"),
    [
        ("health-stream", probe(WORDS).encode(), "no prelude"),
        ("words", http(200, NDJSON, probe(WORDS)), "a prelude"),
        ("words", probe(WORDS[:-1]).encode(), "the words"),
        ("words", probe(WORDS, count=7).encode(), "the counts of words"),
        ("words", b"", "the last line does not end"),
        ("words", b"{}\n", "no first and last line"),
        ("words", b"{}\n{}\n", "the first line's 'status': None"),
        ("words-text", b"Hello", "the answer: 'Hello'"),
    ],
)
def test_other_words_are_told(name: str, answer: bytes, complaint: str) -> None:
    with pytest.raises(Mismatch, match=complaint):
        CHECKS[name](answer, KNOWN)


UI = {"content-type": "text/event-stream", "x-vercel-ai-ui-message-stream": "v1"}
DATA = 'f:{"messageId":"m"}\n2:[]\n0:"Ready"\ne:{}\nd:{}\n'
PARTS = ("start", "start-step", "text-start", "text-delta", "text-delta", "text-end", "finish-step", "finish")


def parts(*kinds: str) -> str:
    return "".join(f"data: {json.dumps({'type': kind})}\n\n" for kind in kinds) + "data: [DONE]\n\n"


def test_a_chat_is_answered_in_the_protocols_of_the_ai_sdk() -> None:
    assert CHECKS["chat"](DATA.encode(), KNOWN) == KNOWN
    assert CHECKS["ai-chat"](http(200, UI, f": keep-alive\n\n{parts(*PARTS)}"), KNOWN) == KNOWN


@pytest.mark.parametrize(
    ("name", "answer", "complaint"),
    [
        ("chat", http(200, UI, DATA), "a prelude"),
        ("chat-turns", b'{"code":"INVALID_EVENT"}', "the lines' codes"),
        ("chat", DATA.replace("d:{}", '3:"no"').encode(), "the lines' codes"),
        ("chat", b"f:{}\ne:{}\nd:{}\n", "the answer has no text"),
        ("ai-chat", http(200, {**UI, "x-vercel-ai-ui-message-stream": "v0"}, parts(*PARTS)), "the version"),
        ("ai-chat", http(200, UI, parts(*PARTS)[:-10]), "the stream's end"),
        ("ai-chat", http(200, UI, parts("start", "error")), "the parts' types"),
    ],
)
def test_another_answer_to_a_chat_is_told(name: str, answer: bytes, complaint: str) -> None:
    with pytest.raises(Mismatch, match=complaint):
        CHECKS[name](answer, KNOWN)
