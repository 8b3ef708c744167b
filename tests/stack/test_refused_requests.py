"""What cannot be served as it was sent: each with a status and a code, before anything is written."""

import json
from collections.abc import Callable

import pytest

from tests.stack.client import Conversation, Stack
from tests.stack.refusals import JSON, Attempt, body, check_refused, nothing_happens

pytestmark = pytest.mark.stack

TEXT = "This must never reach a model."
HUGE = 1_048_576


@pytest.fixture(scope="module")
def conversation(shared_stack: Stack) -> Conversation:
    return shared_stack.person().begin()


BODIES: dict[str, tuple[bytes, int, str]] = {
    "nothing": (b"", 400, "MISSING_REQUEST_BODY"),
    "blanks": (b" \n\t ", 400, "MISSING_REQUEST_BODY"),
    "over 1 MB": (body(userResponse=TEXT, more="x" * HUGE), 413, "PAYLOAD_TOO_LARGE"),
    "no JSON": (b"userResponse=hello", 400, "INVALID_JSON"),
    "half of its JSON": (b'{"userResponse":"hel', 400, "INVALID_JSON"),
    "no UTF-8": (b'{"userResponse":"\xff\xfe"}', 400, "INVALID_JSON"),
    "a lone surrogate": (b'{"userResponse":"half \\ud83d of a pair"}', 400, "INVALID_JSON"),
    "a lone surrogate elsewhere": (b'{"userResponse":"hi","x":["\\udc00"]}', 400, "INVALID_JSON"),
    "NaN": (b'{"userResponse":"hi","x":NaN}', 400, "INVALID_JSON"),
    "a thousand levels": (b'{"x":' + b"[" * 1_000 + b"]" * 1_000 + b"}", 400, "INVALID_JSON"),
    "an array": (b'["hello"]', 400, "INVALID_JSON"),
    "a string": (b'"hello"', 400, "INVALID_JSON"),
    "null": (b"null", 400, "INVALID_JSON"),
    "no text": (b"{}", 400, "INVALID_USER_RESPONSE"),
    "null as text": (body(userResponse=None), 400, "INVALID_USER_RESPONSE"),
    "a number as text": (body(userResponse=42), 400, "INVALID_USER_RESPONSE"),
    "a list as text": (body(userResponse=["hello"]), 400, "INVALID_USER_RESPONSE"),
    "an empty text": (body(userResponse=""), 400, "INVALID_USER_RESPONSE"),
    "a blank text": (body(userResponse=" \n\u3000"), 400, "INVALID_USER_RESPONSE"),
    "a text over 16 KB": (body(userResponse="x" * 16_385), 400, "INVALID_USER_RESPONSE"),
    "a text of 16 KB of characters, more of bytes": (
        body(userResponse="é" * 8_193),
        400,
        "INVALID_USER_RESPONSE",
    ),
    "a number as message id": (
        body(userResponse=TEXT, clientMessageId=7),
        400,
        "INVALID_USER_RESPONSE",
    ),
    "an empty message id": (body(userResponse=TEXT, clientMessageId=""), 400, "INVALID_USER_RESPONSE"),
    "a timestamp in words": (body(userResponse=TEXT, messageTimestamp="yesterday"), 400, "INVALID_TIMESTAMP"),
    "a timestamp too large to store": (
        body(userResponse=TEXT, messageTimestamp=f"2026-11-21T09:30:00.{'0' * 500_000}Z"),
        400,
        "INVALID_TIMESTAMP",
    ),
    "nothing that can be seen": (body(userResponse="\x00\u200b\ufeff"), 400, "INVALID_USER_RESPONSE"),
    "a date alone": (body(userResponse=TEXT, messageTimestamp="2026-11-21"), 400, "INVALID_TIMESTAMP"),
    "a 25th hour": (
        body(userResponse=TEXT, messageTimestamp="2026-11-21T25:00:00Z"),
        400,
        "INVALID_TIMESTAMP",
    ),
    "a number as timestamp": (
        body(userResponse=TEXT, messageTimestamp=1_800_000_000),
        400,
        "INVALID_TIMESTAMP",
    ),
}


@pytest.mark.parametrize("what", BODIES)
def test_a_body_is_refused_that_holds(what: str, stack: Stack, conversation: Conversation) -> None:
    content, status, code = BODIES[what]
    attempt = Attempt(f"{conversation.path}/stream", conversation.person.headers, content)
    with nothing_happens(stack):
        response = check_refused(stack, attempt, status, code)
    assert TEXT not in response.text


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_a_body_declared_as_something_else_than_json_is_refused(
    media_type: str, stack: Stack, conversation: Conversation
) -> None:
    attempt = Attempt(
        f"{conversation.path}/stream", conversation.person.headers, extra={"content-type": media_type}
    )
    with nothing_happens(stack):
        check_refused(stack, attempt, 415, "UNSUPPORTED_MEDIA_TYPE")


def test_an_idempotency_key_over_255_characters_is_refused(stack: Stack, conversation: Conversation) -> None:
    extra = {**JSON, "idempotency-key": "k" * 256}
    attempt = Attempt(f"{conversation.path}/stream", conversation.person.headers, extra=extra)
    with nothing_happens(stack):
        check_refused(stack, attempt, 400, "INVALID_USER_RESPONSE")


PATHS: dict[str, tuple[Callable[[str], str], int, str]] = {
    "a slash in an id": (lambda path: f"{path}/a%2Fb/stream", 400, "INVALID_PATH_PARAMS"),
    "a dot in an id": (lambda path: f"{path}/a.b/stream", 400, "INVALID_PATH_PARAMS"),
    "the key separator in an id": (lambda path: f"{path}/a%23META/stream", 400, "INVALID_PATH_PARAMS"),
    "an empty id": (lambda path: f"{path}//stream", 400, "INVALID_PATH_PARAMS"),
    "65 characters": (lambda path: f"{path}/{'a' * 65}/stream", 400, "INVALID_PATH_PARAMS"),
    "no ASCII": (lambda path: f"{path}/%C3%A9/stream", 400, "INVALID_PATH_PARAMS"),
    "broken UTF-8": (lambda path: f"{path}/%FF/stream", 400, "INVALID_PATH_PARAMS"),
    "a line break": (lambda path: f"{path}/a%0Ab/stream", 400, "INVALID_PATH_PARAMS"),
    "a bad coach id": (
        lambda path: f"{path.replace('atlas', 'at%20las')}/c/stream",
        400,
        "INVALID_PATH_PARAMS",
    ),
    "no known end": (lambda path: f"{path}/c/streams", 404, "ROUTE_NOT_FOUND"),
    "a slash at the end": (lambda path: f"{path}/c/stream/", 404, "ROUTE_NOT_FOUND"),
    "a segment too many": (lambda path: f"/v1{path}/c/stream", 404, "ROUTE_NOT_FOUND"),
    "nothing": (lambda path: "/", 404, "ROUTE_NOT_FOUND"),
    "no such conversation": (lambda path: f"{path}/no-such-one/stream", 404, "CONVERSATION_NOT_FOUND"),
}


@pytest.mark.parametrize("what", PATHS)
def test_a_path_is_refused_with(what: str, stack: Stack, conversation: Conversation) -> None:
    make, status, code = PATHS[what]
    attempt = Attempt(make(conversation.person.path), conversation.person.headers)
    with nothing_happens(stack):
        check_refused(stack, attempt, status, code)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_a_method_that_the_path_does_not_have_is_answered_with_those_it_has(
    method: str, stack: Stack, conversation: Conversation
) -> None:
    attempt = Attempt(f"{conversation.path}/stream", conversation.person.headers, method=method)
    with nothing_happens(stack):
        response = check_refused(stack, attempt, 405, "METHOD_NOT_ALLOWED")
    assert "POST" in response.headers["allow"].split(", ")


def test_another_coach_does_not_know_the_conversation(stack: Stack, conversation: Conversation) -> None:
    path = conversation.path.replace("/coaches/atlas/", "/coaches/another/")
    with nothing_happens(stack):
        attempt = Attempt(f"{path}/stream", conversation.person.headers)
        check_refused(stack, attempt, 404, "CONVERSATION_NOT_FOUND")
        attempt = Attempt(f"{path}/messages", conversation.person.headers, b"", "GET")
        check_refused(stack, attempt, 404, "CONVERSATION_NOT_FOUND")


def test_a_conversation_with_an_unknown_coach_is_not_begun(stack: Stack, conversation: Conversation) -> None:
    path = conversation.person.path.replace("atlas", "nobody")
    with nothing_happens(stack):
        check_refused(stack, Attempt(path, conversation.person.headers, b"{}"), 404, "COACH_CONFIG_NOT_FOUND")


def test_a_request_over_6_mb_is_refused_at_the_door_as_on_aws(
    stack: Stack, conversation: Conversation
) -> None:
    content = json.dumps({"userResponse": TEXT, "more": "x" * (6 * HUGE)}).encode()
    with nothing_happens(stack):
        response = Attempt(f"{conversation.path}/stream", conversation.person.headers, content).send(
            stack, "*/*"
        )
    assert response.status_code == 413
    assert response.headers["x-amzn-errortype"] == "RequestEntityTooLargeException"


def test_a_refused_message_changes_nothing_about_the_next_one(stack: Stack) -> None:
    conversation = stack.person().begin()
    attempt = Attempt(f"{conversation.path}/stream", conversation.person.headers, b"{}")
    check_refused(stack, attempt, 400, "INVALID_USER_RESPONSE")
    assert conversation.say("/say and now properly").answer == "and now properly"
