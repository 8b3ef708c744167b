"""Turns without a stream: asked for and answered as one document, polled while they run, left for others."""

from itertools import pairwise
from typing import Any

import httpx
import pytest

from tests.stack.client import Conversation, Stack, eventually
from tests.stack.sse import check_stream
from tests.stack.watching import Turn, begin_turn, watch

pytestmark = pytest.mark.stack

TEXT = "/say " + " ".join(f"word-{number}" for number in range(30))


def _post(conversation: Conversation, path: str, body: Any, **headers: str) -> httpx.Response:
    person = conversation.person
    return person.stack.http.post(
        f"{conversation.path}{path}", json=body, headers={**person.headers, **headers}
    )


def _ask(conversation: Conversation, text: str, *, key: str = "k") -> httpx.Response:
    return _post(conversation, "/messages", {"userResponse": text}, **{"idempotency-key": key})


def test_the_answer_as_one_document_is_what_the_stream_s_complete_says(stack: Stack) -> None:
    conversation = stack.person().begin()
    response = _ask(conversation, TEXT)
    told = conversation.say(TEXT, key="k")
    complete = {name: value for name, value in told.last.items() if name != "type"}
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    assert response.headers["cache-control"] == "no-store"
    assert response.json() == complete | {"turnId": told.turn_id, "status": "completed"}
    assert response.json()["aiMessage"]["content"] == told.text
    assert len(stack.emulator.calls()) == 2


def test_the_document_of_a_turn_that_streams_elsewhere_is_that_turn_s(stack: Stack) -> None:
    stack.emulator.play(interTokenMs=30)
    conversation = stack.person().begin()
    with conversation.stream(TEXT, key="k") as stream:
        stream.until("chunk")
        response = _ask(conversation, TEXT)
        stream.read()
    assert response.json()["aiMessage"] == stream.last["aiMessage"]
    assert len(stack.emulator.calls()) == 2


def test_a_document_asked_for_twice_is_the_same(stack: Stack) -> None:
    conversation = stack.person().begin()
    assert _ask(conversation, TEXT).json() == _ask(conversation, TEXT).json()
    assert len(conversation.stored()) == 2


def test_a_turn_that_fails_is_a_problem_with_what_was_kept(stack: Stack) -> None:
    stack.emulator.fail("drop", after_deltas=3)
    conversation = stack.person().begin()
    response = _ask(conversation, TEXT)
    problem = response.json()
    assert (response.status_code, problem["code"]) == (502, "MODEL_STREAM_INTERRUPTED")
    assert response.headers["content-type"] == "application/problem+json"
    assert problem["savedContent"].endswith("word-0 word-1 word-2 ")
    assert problem["savedContent"] == conversation.stored()[1]["content"]
    assert problem["retryable"]


def test_a_document_of_a_stopped_turn_says_so(stack: Stack) -> None:
    conversation = stack.person().begin()
    turn = Turn(conversation, begin_turn(conversation, TEXT, key="k")["turnId"])
    turn.cancel()
    response = _ask(conversation, TEXT)
    assert (response.status_code, response.json()["code"]) == (409, "CANCELLED")


def test_a_poll_shows_a_growing_answer_and_in_the_end_the_message(stack: Stack) -> None:
    stack.emulator.play(firstTokenMs=100, interTokenMs=70)
    conversation = stack.person().begin()
    with conversation.stream(TEXT) as stream:
        stream.until("start")
        turn = Turn(conversation, stream.turn_id)
        states: list[dict[str, Any]] = []
        while not states or states[-1]["status"] in ("processing", "streaming"):
            states.append(turn.poll())
        stream.read()
    *running, ended = states
    contents = [state["content"] for state in states]
    assert all(later.startswith(earlier) for earlier, later in pairwise(contents))
    assert len(set(contents)) >= 4
    assert running[-1]["progress"] in ("generating", "saving")
    assert {state["userMessageId"] for state in states} == {stream.last["userMessage"]["messageId"]}
    assert (ended["status"], ended["content"]) == ("completed", stream.text)
    assert ended["aiMessage"] == stream.last["aiMessage"]
    for name in ("usage", "timings", "stopReason"):
        assert ended[name] == stream.last[name]


def test_a_poll_of_a_failed_turn_shows_its_error_and_what_was_kept(stack: Stack) -> None:
    stack.emulator.fail("drop", after_deltas=3)
    conversation = stack.person().begin()
    told = conversation.say(TEXT)
    state = Turn(conversation, told.turn_id).poll()
    assert (state["status"], state["content"]) == ("failed", told.text)
    assert state["error"] == {name: told.last[name] for name in ("code", "message", "retryable")}


def test_a_turn_left_for_a_reader_waits_and_says_where_to_watch_it(stack: Stack) -> None:
    conversation = stack.person().begin()
    links = begin_turn(conversation, TEXT)
    turn = Turn(conversation, links["turnId"])
    assert (links["status"], links["pollUrl"]) == ("pending", turn.path)
    assert links["streamUrl"].startswith(f"{conversation.path}/stream?turnId={turn.id}")
    assert turn.poll() == {
        "turnId": turn.id,
        "conversationId": conversation.id,
        "status": "pending",
        "mode": "attach",
        "progress": "received",
        "content": "",
        "userMessageId": conversation.stored()[0]["messageId"],
    }
    with conversation.stream("/say not now") as stream:
        assert (stream.status, stream.refusal["turnId"]) == (409, turn.id)
    assert stack.emulator.calls() == []
    told = watch(conversation, turnId=turn.id)
    check_stream(told.events)
    assert (told.last["type"], turn.poll()["status"]) == ("complete", "completed")


@pytest.mark.parametrize("mode", ["live", "", 7, None, ["attach"]])
def test_a_turn_is_left_in_no_other_way(mode: object, stack: Stack) -> None:
    conversation = stack.person().begin()
    response = _post(conversation, "/turns", {"userResponse": TEXT, "mode": mode})
    assert (response.status_code, response.json()["code"]) == (400, "INVALID_USER_RESPONSE")
    assert conversation.stored() == []


@pytest.mark.parametrize("path", ["/messages", "/turns"])
def test_every_way_to_say_something_has_the_same_refusals(path: str, stack: Stack) -> None:
    conversation = stack.person().begin()
    refused = {
        "MISSING_REQUEST_BODY": _post(conversation, path, None),
        "INVALID_USER_RESPONSE": _post(conversation, path, {"userResponse": " "}),
        "INVALID_TIMESTAMP": _post(conversation, path, {"userResponse": TEXT, "messageTimestamp": "noon"}),
        "CONVERSATION_NOT_FOUND": _post(conversation.person.begin(), "x" + path, {"userResponse": TEXT}),
    }
    assert {code: response.json()["code"] for code, response in refused.items()} == {
        code: code for code in refused
    }
    assert stack.emulator.calls() == []


@pytest.mark.parametrize("path", ["", "/cancel"])
def test_a_turn_that_never_was_is_not_found(path: str, stack: Stack) -> None:
    conversation = stack.person().begin()
    person, url = conversation.person, f"{conversation.path}/turns/{'0' * 32}{path}"
    response = stack.http.request("POST" if path else "GET", url, headers=person.headers)
    assert (response.status_code, response.json()["code"]) == (404, "TURN_NOT_FOUND")


def test_without_streaming_the_answer_is_one_chunk(whole_stack: Stack) -> None:
    conversation = whole_stack.person().begin()
    told = conversation.say(TEXT)
    [chunk] = told.of("chunk")
    assert chunk.data["content"] == TEXT.removeprefix("/say ")
    assert (told.last["type"], told.of("notice")) == ("complete", [])
    assert told.types[0:2] == ["start", "contextual"]
    assert whole_stack.emulator.operations() == ["Converse", "Converse"]
    assert watch(conversation, turnId=told.turn_id).replay() == told.replay()
    assert conversation.stored()[1]["content"] == told.text


def test_without_streaming_a_turn_is_stopped_just_the_same(whole_stack: Stack) -> None:
    whole_stack.emulator.play(firstTokenMs=60_000)
    conversation = whole_stack.person().begin()
    with conversation.stream(TEXT) as stream:
        stream.until("progress", count=2)
        Turn(conversation, stream.turn_id).cancel()
        stream.read()
    assert (stream.last["type"], stream.last["code"]) == ("error", "CANCELLED")
    eventually(lambda: whole_stack.emulator.calls()[-1]["closedEarly"])
