"""Pages of other origins: what a browser asks before, and what it finds on every answer."""

import httpx
import pytest

from tests.stack.client import DIRECT, Conversation, Stack

pytestmark = pytest.mark.stack

ORIGIN = "https://app.example"
EXPOSED = {"retry-after", "x-vercel-ai-data-stream", "x-vercel-ai-ui-message-stream"}
ALLOWED = {"authorization", "content-type", "last-event-id", "idempotency-key", "x-stream-protocol"}


@pytest.fixture(scope="module")
def conversation(shared_stack: Stack) -> Conversation:
    return shared_stack.person().begin()


def _list(response: httpx.Response, name: str) -> set[str]:
    return {value.strip().lower() for value in response.headers[name].split(",")}


def _check_open(response: httpx.Response) -> None:
    assert response.headers.get_list("access-control-allow-origin") == ["*"]
    assert _list(response, "access-control-expose-headers") == EXPOSED


def test_a_preflight_is_answered_before_the_function_is_asked(
    stack: Stack, conversation: Conversation
) -> None:
    asks = {
        "origin": ORIGIN,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type,last-event-id",
    }
    response = stack.http.options(f"{conversation.path}/stream", headers=asks)
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["access-control-allow-origin"] == "*"
    assert _list(response, "access-control-allow-headers") == ALLOWED
    assert _list(response, "access-control-allow-methods") >= {"get", "post", "put", "patch", "delete"}
    assert response.headers["access-control-max-age"] == "86400"


def test_a_stream_may_be_read_by_a_page(stack: Stack, conversation: Conversation) -> None:
    headers = {**conversation.person.headers, "origin": ORIGIN}
    response = stack.http.post(
        f"{conversation.path}/stream", json={"userResponse": "/say hello page"}, headers=headers
    )
    assert response.status_code == 200
    _check_open(response)


def test_a_refusal_may_be_read_by_a_page(stack: Stack, conversation: Conversation) -> None:
    response = stack.http.post(f"{conversation.path}/stream", json={}, headers={"origin": ORIGIN})
    assert (response.status_code, response.json()["code"]) == (401, "MISSING_AUTH_HEADER")
    _check_open(response)


def test_without_an_origin_nothing_is_said_of_origins(stack: Stack) -> None:
    response = stack.http.get("/health")
    assert not [name for name in response.headers if name.startswith("access-control-")]


def test_the_function_itself_adds_none_of_these_headers(stack: Stack) -> None:
    """On AWS they would stand there twice, and browsers refuse that."""
    event = {
        "version": "2.0",
        "rawPath": "/health",
        "rawQueryString": "",
        "headers": {"origin": ORIGIN},
        "requestContext": {"http": {"method": "GET", "path": "/health"}},
        "isBase64Encoded": False,
    }
    prelude, _, body = stack.http.post(DIRECT, json=event).content.partition(b"\0" * 8)
    assert body == b'{"status":"ok"}'
    assert b'"statusCode":200' in prelude.replace(b" ", b"")
    assert b"access-control" not in prelude.lower()
