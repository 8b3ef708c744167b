"""What each sample event must get. Pure: answers in, complaints out.

A check takes an answer's bytes and what is known of the conversation so far, and returns what is known
behind it. The table's order is the order of the run.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from local.rie.answers import (
    HttpAnswer,
    Json,
    Mismatch,
    NumberedEvent,
    parse_error,
    parse_json,
    parse_lines,
    parse_turn,
    raw_text,
    split_prelude,
)

SENTENCE: Final = "Hello this is a streaming Lambda function response"
STREAM: Final = "text/event-stream; charset=utf-8"
CREATE: Final = "create-conversation"
_ASIDES_AND_CHUNKS: Final = ("contextual", "chunk")
_BETWEEN: Final = {"progress", "contextual", "recall", "notice", "chunk"}


@dataclass(frozen=True, slots=True)
class Known:
    """The run's conversation: its id once it exists, and its messages as the turns told them."""

    conversation: str | None = None
    messages: tuple[Json, ...] = ()


type Check = Callable[[bytes, Known], Known]


def check_created(payload: bytes, _: Known) -> Known:
    answer = _answer(payload, 201, "application/json")
    conversation = parse_json(answer.text).get("conversationId")
    if not isinstance(conversation, str):
        raise Mismatch(f"there is no conversationId in {answer.text}")
    _same("header 'location'", answer.headers.get("location", "").rpartition("/")[2], conversation)
    return Known(conversation)


def check_turn(payload: bytes, known: Known, *, stages: frozenset[str]) -> Known:
    """Check a whole turn; `stages` must be among its asides, and no asides may be there without any."""
    answer = _answer(payload, 200, STREAM)
    _same("header 'cache-control'", answer.headers.get("cache-control"), "no-cache, no-transform")
    events = parse_turn(answer.text)
    _check_order(events)
    told = [event.data for event in events]
    asides = {str(event.get("stage")) for event in told if event["type"] == "contextual"}
    if not (stages <= asides if stages else not asides):
        raise Mismatch(f"the asides are {sorted(asides)}, which should hold {sorted(stages) or 'none'}")
    chunks = sum(event["type"] == "chunk" for event in told)
    if chunks < 2:
        raise Mismatch(f"the answer came in {chunks} chunks, not in deltas")
    return _ended(told, known)


def _check_order(events: tuple[NumberedEvent, ...]) -> None:
    """Check `start`, any others, `complete`, and ids that count up from 1 without holes."""
    kinds = [event.data.get("type") for event in events]
    if kinds[:1] != ["start"] or kinds[-1:] != ["complete"] or not set(kinds[1:-1]) <= _BETWEEN:
        last = events[-1].data if events else {}
        raise Mismatch(f"the events come in an illegal order: {kinds}; the last one is {last}")
    turn = events[0].data.get("turnId")
    expected = [f"{turn}.{number}" for number in range(1, len(events) + 1)]
    _same("the events' ids", [event.id for event in events], expected)


def _ended(told: list[Json], known: Known) -> Known:
    """Check that what `complete` says was saved is what was shown."""
    complete = told[-1]
    _same("'conversationId'", complete.get("conversationId"), known.conversation)
    _same("'status'", complete.get("status"), "finished")
    _same("'stopReason'", complete.get("stopReason"), "end_turn")
    user, reply = complete.get("userMessage"), complete.get("aiMessage")
    if not isinstance(user, dict) or not isinstance(reply, dict):
        raise Mismatch(f"`complete` lacks a message: {complete}")
    shown = "".join(str(event.get("content")) for event in told if event["type"] in _ASIDES_AND_CHUNKS)
    _same("the saved answer", reply.get("content"), shown)
    return replace(known, messages=(*known.messages, user, reply))


def check_messages(payload: bytes, known: Known) -> Known:
    answer = _answer(payload, 200, "application/json")
    _same("the history", parse_json(answer.text), {"messages": list(known.messages)})
    return known


def check_refusal(payload: bytes, known: Known, *, status: int, code: str) -> Known:
    answer = _answer(payload, status, STREAM)
    _same("header 'www-authenticate'", answer.headers.get("www-authenticate"), _challenge(status))
    error = parse_error(answer.text)
    _same("the event's 'type'", error.get("type"), "error")
    _same("'code'", error.get("code"), code)
    return known


def _challenge(status: int) -> str | None:
    return "Bearer" if status == 401 else None


def check_probe(payload: bytes, known: Known) -> Known:
    _check_words(_answer(payload, 200, "application/x-ndjson; charset=utf-8").text)
    return known


def check_direct_words(payload: bytes, known: Known) -> Known:
    _check_words(raw_text(payload))
    return known


def check_direct_text(payload: bytes, known: Known) -> Known:
    _same("the answer", raw_text(payload), f"{SENTENCE}\n")
    return known


def check_direct_chat(payload: bytes, known: Known) -> Known:
    """Check an answer in the AI SDK's data stream: a start, text, and the two lines of its end."""
    lines = raw_text(payload).splitlines()
    codes = [line.partition(":")[0] for line in lines]
    told = [code for code in codes if code != "2"]
    _same("the lines' codes", told, ["f", *["0"] * (len(told) - 3), "e", "d"])
    if "0" not in told:
        raise Mismatch(f"the answer has no text: {lines}")
    return known


def check_chat(payload: bytes, known: Known) -> Known:
    """Check an answer in the AI SDK's UI message stream."""
    answer = _answer(payload, 200, "text/event-stream")
    _same("the version", answer.headers.get("x-vercel-ai-ui-message-stream"), "v1")
    *frames, done, rest = answer.text.split("\n\n")
    _same("the stream's end", (done, rest), ("data: [DONE]", ""))
    kinds = [str(parse_json(frame.removeprefix("data: "))["type"]) for frame in frames if frame[0] != ":"]
    ends = ["start", "start-step", "text-start", "text-delta", "text-end", "finish-step", "finish"]
    _same("the parts' types", list(dict.fromkeys(kinds)), ends)
    return known


def _check_words(body: str) -> None:
    lines = parse_lines(body)
    if len(lines) < 2:
        raise Mismatch(f"there are no first and last line: {body!r}")
    start, *words, complete = lines
    expected = SENTENCE.split()
    _same("the first line's 'status'", start.get("status"), "start")
    _same("the words", [word.get("data") for word in words], expected)
    _same("the words' numbers", [word.get("sequence") for word in words], list(range(1, len(expected) + 1)))
    _same("the last line's 'status'", complete.get("status"), "complete")
    counts = [start.get("word_count"), complete.get("word_count")]
    _same("the counts of words", counts, [len(expected)] * 2)


def _answer(payload: bytes, status: int, content_type: str) -> HttpAnswer:
    answer = split_prelude(payload)
    if answer.status != status:
        raise Mismatch(f"status {answer.status}, not {status}: {answer.text}")
    _same("header 'content-type'", answer.headers.get("content-type"), content_type)
    return answer


def _same(what: str, found: Any, expected: Any) -> None:
    if found != expected:
        raise Mismatch(f"{what}: {found!r}, not {expected!r}")


_GREETED: Final = frozenset({"initial_greeting"})

CHECKS: Final[Mapping[str, Check]] = MappingProxyType(
    {
        CREATE: check_created,
        "stream": partial(check_turn, stages=_GREETED),
        "stream-short": partial(check_turn, stages=frozenset()),
        "workout-log": partial(check_turn, stages=_GREETED | {"workout_analysis"}),
        "messages": check_messages,
        "bad-token": partial(check_refusal, status=401, code="INVALID_TOKEN"),
        "missing-token": partial(check_refusal, status=401, code="MISSING_AUTH_HEADER"),
        "wrong-user": partial(check_refusal, status=403, code="USER_ID_MISMATCH"),
        "health-stream": check_probe,
        "words": check_direct_words,
        "words-text": check_direct_text,
        "chat": check_direct_chat,
        "chat-turns": check_direct_chat,
        "ai-chat": check_chat,
    }
)
