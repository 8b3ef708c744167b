"""The client behind `coach say`: what it asks, what it yields, and what it makes of refusals."""

import json
from typing import Any

import pytest

from local.coach_client import CoachClient, Event
from local.errors import RequestRefused
from tests.local.wire import Script, served

START = {"type": "start", "turnId": "t", "conversationId": "c"}
CHUNK = {"type": "chunk", "content": "Héllo"}
COMPLETE = {"type": "complete", "status": "finished"}


def _frames(*events: dict[str, Any]) -> bytes:
    lines = [f"id: t.{n}\ndata: {json.dumps(event)}\n\n" for n, event in enumerate(events, 1)]
    return "".join(["retry: 3000\n\n", *lines]).encode()


def _client(address: str) -> CoachClient:
    return CoachClient(address, "a-token", "demo", "atlas")


def _say(script: Script) -> list[Event]:
    with served(script) as address:
        return list(_client(address).say("c1", "Hi"))


def _refusal(script: Script) -> RequestRefused:
    with pytest.raises(RequestRefused) as caught:
        _say(script)
    return caught.value


def test_a_turn_is_asked_for_as_documented() -> None:
    script = Script(pieces=(_frames(START, CHUNK, COMPLETE),))
    _say(script)
    [(method, path, headers, body)] = script.asked
    assert (method, path) == ("POST", "/users/demo/coaches/atlas/conversations/c1/stream")
    assert headers["authorization"] == "Bearer a-token"
    assert headers["accept"] == "text/event-stream"
    assert json.loads(body)["userResponse"] == "Hi"
    assert json.loads(body)["clientMessageId"]


def test_events_come_as_they_were_sent_byte_by_byte() -> None:
    data = _frames(START, CHUNK, COMPLETE)
    script = Script(pieces=tuple(data[n : n + 1] for n in range(len(data))))
    assert _say(script) == [START, CHUNK, COMPLETE]


def test_keep_alives_are_not_events() -> None:
    script = Script(pieces=(b": keep-alive\n\n", _frames(START), b": keep-alive\n\n", _frames(COMPLETE)))
    assert _say(script) == [START, COMPLETE]


def test_a_stream_without_its_last_event_is_broken() -> None:
    assert _refusal(Script(pieces=(_frames(START, CHUNK),))).code == "BROKEN_STREAM"


def test_a_stream_that_breaks_off_is_broken() -> None:
    assert _refusal(Script(pieces=(_frames(START),), breaks_off=True)).code == "BROKEN_STREAM"


def test_a_refusal_may_be_one_error_event() -> None:
    error = {"type": "error", "code": "CONVERSATION_BUSY", "message": "A turn runs.", "retryable": True}
    refusal = _refusal(Script(status=409, pieces=(_frames(error),)))
    assert str(refusal) == "CONVERSATION_BUSY: A turn runs."


def test_a_refusal_may_be_a_problem_document() -> None:
    problem = b'{"status":401,"title":"Unauthorized","detail":"The token expired.","code":"TOKEN_EXPIRED"}'
    refusal = _refusal(Script(status=401, content_type="application/problem+json", pieces=(problem,)))
    assert str(refusal) == "TOKEN_EXPIRED: The token expired."


def test_the_platforms_own_refusal_keeps_its_text() -> None:
    script = Script(status=502, content_type="application/json", pieces=(b'{"Message":"Internal Error"}',))
    assert str(_refusal(script)) == "HTTP_502: Internal Error"


def test_a_refusal_that_is_no_json_keeps_its_text() -> None:
    script = Script(status=503, content_type="text/html", pieces=(b"<h1>Sorry</h1>",))
    assert str(_refusal(script)) == "HTTP_503: <h1>Sorry</h1>"


def test_nobody_there_is_said_so() -> None:
    with served(Script()) as address:
        pass
    with pytest.raises(RequestRefused, match="UNREACHABLE"):
        _client(address).create_conversation()


def test_a_conversation_is_created() -> None:
    script = Script(
        status=201, content_type="application/json", pieces=(b'{"conversationId":"01JDCONVERSATION"}',)
    )
    with served(script) as address:
        assert _client(address).create_conversation() == "01JDCONVERSATION"
    [(method, path, _, _)] = script.asked
    assert (method, path) == ("POST", "/users/demo/coaches/atlas/conversations")
