"""Watching turns as clients do: from the start, behind a cursor, by ticket, and with drops on the way."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Literal

import httpx

from tests.stack.client import Conversation, Stream, eventually
from tests.stack.sse import TERMINAL, Event

type Way = Literal["header", "query"]
type Replay = list[tuple[str | None, dict[str, Any]]]

LIVE: Final = frozenset({"pending", "processing", "streaming"})


@contextmanager
def watching(
    conversation: Conversation,
    *,
    after: str | None = None,
    by: Way = "header",
    headers: Mapping[str, str] | None = None,
    **query: str,
) -> Iterator[Stream]:
    """Attach to a turn behind the event id `after`, and leave when the block ends.

    Shape   `headers` take the place of the bearer token; without `turnId` it is the cursor's turn, or
            the conversation's active one
    """
    stack, sent = conversation.person.stack, dict(headers or conversation.person.headers)
    if after is not None and by == "header":
        sent["last-event-id"] = after
    elif after is not None:
        query["lastEventId"] = after
    path, sent_s = f"{conversation.path}/stream", time.monotonic()
    with stack.http.stream("GET", path, params=query, headers=sent) as response:
        yield Stream(response, sent_s)


def watch(
    conversation: Conversation,
    *,
    after: str | None = None,
    by: Way = "header",
    headers: Mapping[str, str] | None = None,
    **query: str,
) -> Stream:
    """Attach to a turn and read what there is to its end."""
    with watching(conversation, after=after, by=by, headers=headers, **query) as stream:
        stream.read()
    return stream


def follow(conversation: Conversation, seen: list[Event], *, every: int, by: Way) -> list[Event]:
    """Go on behind what was seen, and drop the connection after each `every` events, to the end."""
    while not seen or seen[-1].type not in TERMINAL:
        with watching(conversation, after=seen[-1].id if seen else None, by=by) as stream:
            assert stream.status == 200, stream.refusal
            seen = [*seen, *islice(stream, every)]
    return seen


def replay(events: list[Event]) -> Replay:
    """Return events without their times, to compare one view of a turn with another."""
    return [(event.id, event.data) for event in events]


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn of a conversation, and what can be done to it."""

    conversation: Conversation
    id: str

    @property
    def path(self) -> str:
        return f"{self.conversation.path}/turns/{self.id}"

    def poll(self) -> dict[str, Any]:
        person = self.conversation.person
        response = person.stack.http.get(self.path, headers=person.headers)
        assert response.status_code == 200, response.text
        state: dict[str, Any] = response.json()
        return state

    def cancel(self) -> httpx.Response:
        person = self.conversation.person
        return person.stack.http.post(f"{self.path}/cancel", headers=person.headers)

    def ended(self) -> dict[str, Any]:
        """Return the turn's state once it is over."""

        def over() -> dict[str, Any] | None:
            state = self.poll()
            return None if state["status"] in LIVE else state

        return eventually(over)


def begin_turn(
    conversation: Conversation, text: str, *, mode: str = "attach", key: str | None = None
) -> dict[str, Any]:
    """Leave a message to be answered later and return where to find its turn."""
    person, body = conversation.person, {"userResponse": text, "mode": mode}
    person.stack.said.append(text)
    headers = person.headers | ({"idempotency-key": key} if key is not None else {})
    response = person.stack.http.post(f"{conversation.path}/turns", json=body, headers=headers)
    assert response.status_code == 202, response.text
    links: dict[str, Any] = response.json()
    return links
