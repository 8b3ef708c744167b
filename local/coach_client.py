"""A client of the coach's HTTP interface, as `coach say` and the demo use it."""

import json
import uuid
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from httpx_sse import EventSource, SSEError

from local.errors import RequestRefused

CONNECT_S = 2.0
# The stream says something at least every 10 s (a keep-alive), so a longer silence is a broken one.
SILENCE_S = 35.0
UNREACHABLE = "UNREACHABLE"
BROKEN_STREAM = "BROKEN_STREAM"

type Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class CoachClient:
    """One person's way to one coach.

    Shape   `function_url` without a trailing slash; `token` as `coach token` prints it
    """

    function_url: str
    token: str
    user: str
    coach: str

    @property
    def conversations_url(self) -> str:
        return f"{self.function_url}/users/{self.user}/coaches/{self.coach}/conversations"

    def stream_url(self, conversation: str) -> str:
        return f"{self.conversations_url}/{conversation}/stream"

    def create_conversation(self) -> str:
        """Create a conversation and return its id. Raises RequestRefused."""
        with _answers(), self._http() as http:
            response = http.post(self.conversations_url, json={})
        if response.status_code != 201:
            raise _refusal(response)
        return str(response.json()["conversationId"])

    def say(self, conversation: str, text: str) -> Generator[Event]:
        """Yield a turn's events as they arrive; the last one is `complete` or `error`. Close it after use.

        Raises  RequestRefused: the turn was refused before it began, or the stream broke off
        """
        body = {"userResponse": text, "clientMessageId": str(uuid.uuid4())}
        headers = {"accept": "text/event-stream"}
        with (
            _answers(),
            self._http() as http,
            http.stream("POST", self.stream_url(conversation), json=body, headers=headers) as response,
        ):
            if response.status_code != 200:
                response.read()
                raise _refusal(response)
            yield from _until_terminal(response)

    def _http(self) -> httpx.Client:
        timeout = httpx.Timeout(SILENCE_S, connect=CONNECT_S)
        # trust_env off: a proxy of this machine must not see what is said to this machine.
        return httpx.Client(
            headers={"authorization": f"Bearer {self.token}"}, timeout=timeout, trust_env=False
        )


def _until_terminal(response: httpx.Response) -> Iterator[Event]:
    for event in _events(response):
        yield event
        if event.get("type") in ("complete", "error"):
            return
    raise RequestRefused(BROKEN_STREAM, "the stream ended without its last event")


def _events(response: httpx.Response) -> Iterator[Event]:
    # The frame that only carries `retry:` has no data.
    return (json.loads(frame.data) for frame in EventSource(response).iter_sse() if frame.data)


@contextmanager
def _answers() -> Iterator[None]:
    """Translate what a client library raises when there is no answer, or half of one."""
    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise RequestRefused(UNREACHABLE, "nothing answers at the stack's address") from error
    except (httpx.TransportError, SSEError, ValueError) as error:
        raise RequestRefused(BROKEN_STREAM, f"the answer broke off ({type(error).__name__})") from error


def _refusal(response: httpx.Response) -> RequestRefused:
    """Return the error that a 4xx or 5xx carries: one SSE `error` event, or a problem document."""
    if "text/event-stream" in response.headers.get("content-type", ""):
        for event in _events(response):
            return _named(event, response)
    try:
        return _named(response.json(), response)
    except ValueError:
        return RequestRefused(f"HTTP_{response.status_code}", response.text[:500] or "an empty body")


def _named(document: Any, response: httpx.Response) -> RequestRefused:
    found = document if isinstance(document, dict) else {}
    message = found.get("message") or found.get("detail") or found.get("Message") or response.reason_phrase
    return RequestRefused(found.get("code") or f"HTTP_{response.status_code}", str(message))
