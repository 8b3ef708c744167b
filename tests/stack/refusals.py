"""Requests that must be refused: sent in both forms that an error has, with nothing left behind."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

import httpx

from tests.stack.client import Stack, eventually
from tests.stack.queued import Queues
from tests.stack.sse import Event, parse_block

RETRYABLE: Final = frozenset({"CONVERSATION_BUSY", "RATE_LIMITED"})
MEMBERS: Final = frozenset({"type", "title", "status", "detail", "code", "retryable", "requestId"})
JSON: Final[Mapping[str, str]] = {"content-type": "application/json"}


@dataclass(frozen=True, slots=True)
class Attempt:
    """A request as it is sent."""

    path: str
    headers: Mapping[str, str]
    content: bytes = b'{"userResponse":"This must never reach a model."}'
    method: str = "POST"
    extra: Mapping[str, str] = field(default_factory=lambda: dict(JSON))

    def send(self, stack: Stack, accept: str) -> httpx.Response:
        headers = {**self.headers, **self.extra, "accept": accept}
        return stack.http.request(self.method, self.path, content=self.content, headers=headers)


def check_refused(stack: Stack, attempt: Attempt, status: int, code: str) -> httpx.Response:
    """Check both forms of the refusal and return the JSON one."""
    response = attempt.send(stack, "application/json")
    _check_problem(response, status, code)
    _check_event(attempt.send(stack, "text/event-stream"), response.json(), status)
    return response


def _check_problem(response: httpx.Response, status: int, code: str) -> None:
    problem = response.json()
    assert (response.status_code, problem["code"]) == (status, code), problem
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["cache-control"] == "no-store"
    assert problem.keys() - {"turnId"} == MEMBERS
    assert problem["retryable"] == (code in RETRYABLE)
    assert problem["type"] == f"urn:stream-coach:{code.lower().replace('_', '-')}"
    assert (problem["title"], problem["status"]) == (HTTPStatus(status).phrase, status)
    assert problem["requestId"] == response.headers["x-amzn-requestid"]
    assert problem["detail"].strip()


def _check_event(response: httpx.Response, problem: Mapping[str, Any], status: int) -> None:
    """Check that the refusal as a stream says the same in one `error` event."""
    assert response.status_code == status
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    block, rest = response.content.split(b"\n\n")
    event = parse_block(block, 0.0)
    assert isinstance(event, Event)
    assert (rest, event.id) == (b"", None)
    assert event.data == {
        "type": "error",
        "code": problem["code"],
        "message": problem["detail"],
        "retryable": problem["retryable"],
        **({"turnId": problem["turnId"]} if "turnId" in problem else {}),
    }


@contextmanager
def nothing_happens(stack: Stack) -> Iterator[None]:
    """Check that within the block no model is called and no item is written.

    What earlier tests left to the worker is waited for.
    """
    queues = Queues(stack.endpoints)
    eventually(lambda: not queues.left())
    before = stack.table.count()
    yield
    assert stack.emulator.calls() == []
    assert stack.table.count() == before


def body(**fields: Any) -> bytes:
    return json.dumps(fields).encode()
