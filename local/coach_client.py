"""A client of the coach's HTTP interface, as `coach say`, `coach chat` and the demo use it."""

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
    def person_url(self) -> str:
        return f"{self.function_url}/users/{self.user}"

    @property
    def coach_url(self) -> str:
        return f"{self.person_url}/coaches/{self.coach}"

    @property
    def conversations_url(self) -> str:
        return f"{self.coach_url}/conversations"

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
        for _, event in self.stream(conversation, text, key=str(uuid.uuid4())):
            yield event

    def stream(self, conversation: str, text: str, *, key: str) -> Generator[tuple[str, Event]]:
        """Yield a turn's events with their ids; the same `key` again gives the same turn. Raises as `say`."""
        body = {"userResponse": text, "clientMessageId": key}
        return self._stream("POST", self.stream_url(conversation), json=body)

    def resume(self, conversation: str, last_id: str) -> Generator[tuple[str, Event]]:
        """Yield the events after `last_id`, with their ids. Raises as `say`."""
        return self._stream("GET", self.stream_url(conversation), headers={"last-event-id": last_id})

    def cancel(self, conversation: str, turn: str) -> None:
        """Stop a turn. Raises RequestRefused."""
        self.ask("POST", f"{self.conversations_url}/{conversation}/turns/{turn}/cancel")

    def ask(self, method: str, url: str) -> dict[str, Any]:
        """Return a JSON answer, empty where there is no body. Raises RequestRefused."""
        with _answers(), self._http() as http:
            response = http.request(method, url)
            if not response.is_success:
                raise _refusal(response)
            found = response.json() if response.content else {}
        return found if isinstance(found, dict) else {}

    def _stream(self, method: str, url: str, **request: Any) -> Generator[tuple[str, Event]]:
        headers = {"accept": "text/event-stream", **request.pop("headers", {})}
        with (
            _answers(),
            self._http() as http,
            http.stream(method, url, headers=headers, **request) as response,
        ):
            if response.status_code != 200:
                response.read()
                raise _refusal(response)
            yield from _until_terminal(response)

    def _http(self) -> httpx.Client:
        timeout = httpx.Timeout(SILENCE_S, connect=CONNECT_S)
        # A proxy of this machine must not see what is said to this machine.
        remote = httpx.URL(self.function_url).host not in ("127.0.0.1", "localhost", "::1")
        return httpx.Client(
            headers={"authorization": f"Bearer {self.token}"}, timeout=timeout, trust_env=remote
        )


def _until_terminal(response: httpx.Response) -> Iterator[tuple[str, Event]]:
    for event_id, event in _events(response):
        yield event_id, event
        if event.get("type") in ("complete", "error"):
            return
    raise RequestRefused(BROKEN_STREAM, "the stream ended without its last event")


def _events(response: httpx.Response) -> Iterator[tuple[str, Event]]:
    # The frame that only carries `retry:` has no data.
    return ((frame.id, json.loads(frame.data)) for frame in EventSource(response).iter_sse() if frame.data)


@contextmanager
def _answers() -> Iterator[None]:
    """Translate what a client library raises when there is no answer, or half of one."""
    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise RequestRefused(UNREACHABLE, "nothing answers at the service's address") from error
    except (httpx.TransportError, SSEError, ValueError) as error:
        raise RequestRefused(BROKEN_STREAM, f"the answer broke off ({type(error).__name__})") from error


def _refusal(response: httpx.Response) -> RequestRefused:
    """Return the error that a 4xx or 5xx carries: one SSE `error` event, or a problem document."""
    if "text/event-stream" in response.headers.get("content-type", ""):
        for _, event in _events(response):
            return _named(event, response)
    try:
        return _named(response.json(), response)
    except ValueError:
        return RequestRefused(f"HTTP_{response.status_code}", response.text[:500] or "an empty body")


def _named(document: Any, response: httpx.Response) -> RequestRefused:
    found = document if isinstance(document, dict) else {}
    message = found.get("message") or found.get("detail") or found.get("Message") or response.reason_phrase
    return RequestRefused(found.get("code") or f"HTTP_{response.status_code}", str(message))
