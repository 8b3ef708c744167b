"""A client of a running stack: people, their conversations, and streams that remember when what came."""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from local.endpoints import Endpoints
from tests.stack.emulator import Emulator
from tests.stack.sse import KEEP_ALIVE, RETRY, Event, Line, check_stream, parse_block, shown_text
from tests.stack.stored import StoredTable
from tests.stack.tokens import TokenMint

WAIT_S: Final = 30.0
"""How long anything may take before a test counts as hanging."""
POLL_S: Final = 0.02
TRIES: Final = 3
SERVICE_UNAVAILABLE: Final = 503
DIRECT: Final = "/2015-03-31/functions/function/invocations"
SSE: Final = "text/event-stream"


class Stack:
    """A running stack and all ways into it; `said` is what people said to it so far."""

    def __init__(self, endpoints: Endpoints, http: httpx.Client, emulator: Emulator) -> None:
        self.endpoints, self.http, self.emulator = endpoints, http, emulator
        self.table, self.mint = StoredTable(endpoints), TokenMint(endpoints)
        self.said: list[str] = []

    @property
    def log_file(self) -> Path:
        """The log of the function's processes."""
        return Path(self.endpoints.signing_key_file).parent / "logs" / "function.log"

    def person(self) -> "Person":
        """Return somebody whom the stack has never seen."""
        user = f"user-{uuid.uuid4().hex[:12]}"
        return Person(self, user, self.mint.token(user))


@contextmanager
def connected(endpoints: Endpoints) -> Iterator[Stack]:
    """Open the ways into a stack, and close them at the end."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=40)
    base_url, timeout = endpoints.function_url, httpx.Timeout(WAIT_S)
    assert endpoints.bedrock is not None
    with (
        httpx.Client(base_url=base_url, trust_env=False, timeout=timeout, limits=limits) as http,
        Emulator(endpoints.bedrock) as emulator,
    ):
        yield Stack(endpoints, http, emulator)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a good token."""

    stack: Stack
    user: str
    token: str
    coach: str = "atlas"

    @property
    def path(self) -> str:
        return f"/users/{self.user}/coaches/{self.coach}/conversations"

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}

    def begin(self) -> "Conversation":
        """Begin a conversation; a store that is short of time is asked again, as its answer says."""
        for _ in range(TRIES):
            response = self.stack.http.post(self.path, headers=self.headers)
            if response.status_code != SERVICE_UNAVAILABLE:
                break
        assert response.status_code == 201, response.text
        return Conversation(self, response.json()["conversationId"])


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation of a person, as the person sees it."""

    person: Person
    id: str

    @property
    def path(self) -> str:
        return f"{self.person.path}/{self.id}"

    @property
    def where(self) -> tuple[str, str]:
        """The user and the conversation: what a read of the table begins with."""
        return self.person.user, self.id

    @contextmanager
    def stream(self, text: str, *, key: str | None = None, **fields: Any) -> Iterator["Stream"]:
        """Begin a turn, and leave it when the block ends, read to its end or not."""
        stack, headers = self.person.stack, dict(self.person.headers)
        if key is not None:
            headers["idempotency-key"] = key
        stack.said.append(text)
        body, sent_s = {"userResponse": text, **fields}, time.monotonic()
        with stack.http.stream("POST", f"{self.path}/stream", json=body, headers=headers) as response:
            yield Stream(response, sent_s)

    def say(self, text: str, *, key: str | None = None, **fields: Any) -> "Stream":
        """Say something and read the whole answer, which must be a legal stream."""
        with self.stream(text, key=key, **fields) as stream:
            stream.read()
            assert stream.status == 200, stream.refusal
        check_stream(stream.events)
        return stream

    def history(self, **query: Any) -> dict[str, Any]:
        response = self.person.stack.http.get(
            f"{self.path}/messages", params=query, headers=self.person.headers
        )
        assert response.status_code == 200, response.text
        page: dict[str, Any] = response.json()
        return page

    def stored(self) -> list[dict[str, Any]]:
        return self.person.stack.table.messages(*self.where)


class Stream:
    """A response as it arrives.

    Shape   `events` and `lines` hold what came so far; `broken` is set when the end was missing
    """

    def __init__(self, response: httpx.Response, sent_s: float) -> None:
        self._response, self.sent_s = response, sent_s
        self._blocks = self._read()
        self.status, self.headers = response.status_code, response.headers
        self.events: list[Event] = []
        self.lines: list[Line] = []
        self.broken = False

    def _pieces(self) -> Iterator[tuple[float, bytes]]:
        try:
            for piece in self._response.iter_raw():
                yield time.monotonic() - self.sent_s, piece
        except (httpx.RemoteProtocolError, httpx.ReadError):
            self.broken = True

    def _read(self) -> Iterator[Event | Line]:
        waiting = b""
        for at_s, piece in self._pieces():
            *blocks, waiting = (waiting + piece).split(b"\n\n")
            for block in blocks:
                yield parse_block(block, at_s)
        assert self.broken or not waiting, f"the stream ends in the middle of a block: {waiting!r}"

    def __iter__(self) -> Iterator[Event]:
        for block in self._blocks:
            if isinstance(block, Event):
                self.events.append(block)
                yield block
            else:
                assert (block.content == RETRY) == (not self.lines and not self.events), (
                    "`retry:` first, once"
                )
                self.lines.append(block)

    def read(self) -> None:
        """Read to the end."""
        if self.status == 200:
            for _ in self:
                continue
        else:
            self._response.read()

    def until(self, kind: str, *, count: int = 1) -> Event:
        """Read on until so many more events of a kind have come; return the last of them."""
        found = 0
        for event in self:
            found += event.type == kind
            if found == count:
                return event
        raise AssertionError(f"the stream ends before {count} × {kind!r}: {self.types}")

    @property
    def refusal(self) -> dict[str, Any]:
        """The problem document of a request that was refused."""
        self._response.read()
        problem: dict[str, Any] = self._response.json()
        return problem

    @property
    def types(self) -> list[str]:
        return [event.type for event in self.events]

    @property
    def turn_id(self) -> str:
        return str(self.events[0].data["turnId"])

    @property
    def last(self) -> dict[str, Any]:
        return self.events[-1].data

    @property
    def text(self) -> str:
        """What a person saw."""
        return shown_text(self.events)

    @property
    def answer(self) -> str:
        """What the model wrote."""
        return "".join(event.data["content"] for event in self.of("chunk"))

    @property
    def keep_alives(self) -> list[float]:
        return [line.at_s for line in self.lines if line.content == KEEP_ALIVE]

    def of(self, kind: str) -> list[Event]:
        return [event for event in self.events if event.type == kind]

    def replay(self) -> list[tuple[str | None, dict[str, Any]]]:
        """Return the events without their times, to compare one view of a turn with another."""
        return [(event.id, event.data) for event in self.events]


def eventually[T](find: Callable[[], T | None], *, within_s: float = WAIT_S) -> T:
    """Return what `find` finds, asked again and again until then."""
    until_s = time.monotonic() + within_s
    while (found := find()) is None or found is False:
        assert time.monotonic() < until_s, f"this did not come about in {within_s:g} s"
        time.sleep(POLL_S)
    return found
