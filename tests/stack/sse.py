"""The typed stream, read byte by byte from its description: anything else is a failed test."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

RETRY: Final = b"retry: 3000"
KEEP_ALIVE: Final = b": keep-alive"
BETWEEN: Final = frozenset({"progress", "contextual", "recall", "notice", "chunk"})
TERMINAL: Final = frozenset({"complete", "error"})
EVENTS_AN_ATTEMPT: Final = 1_000_000
_EVENT: Final = re.compile(rb"(?:id: ([0-9a-f]{32}\.[1-9][0-9]*)\n)?data: ([^\r\n]+)")


@dataclass(frozen=True, slots=True)
class Event:
    """One event. Units  `at_s` seconds from the request to the event's last byte"""

    id: str | None
    data: dict[str, Any]
    at_s: float

    @property
    def type(self) -> str:
        return str(self.data["type"])


@dataclass(frozen=True, slots=True)
class Line:
    """What a stream holds beside events: `retry:` or a comment."""

    content: bytes
    at_s: float


def parse_block(block: bytes, at_s: float) -> Event | Line:
    """Return what stands between two empty lines."""
    if block in (RETRY, KEEP_ALIVE):
        return Line(block, at_s)
    found = _EVENT.fullmatch(block)
    assert found, f"this is no event: {block!r}"
    event_id, line = found[1], found[2].decode("utf-8")
    data = json.loads(line)
    assert line == json.dumps(data, ensure_ascii=False, separators=(",", ":")), f"not compact: {line}"
    return Event(event_id.decode() if event_id else None, data, at_s)


def check_stream(events: list[Event]) -> None:
    """Check a whole stream's ids and the legal order of its events.

    Ids go up by one, an attempt's from its own million on; the end of a turn that was interrupted comes
    behind all that the attempt may have told.

    Shape   start (progress | contextual | recall | notice | chunk)* (complete | error)
    """
    types = [event.type for event in events]
    assert types[0] == "start", types
    assert types[-1] in TERMINAL, types
    assert set(types[1:-1]) <= BETWEEN, types
    turn_id, attempts = events[0].data["turnId"], _number(events[0]) // EVENTS_AN_ATTEMPT
    first = attempts * EVENTS_AN_ATTEMPT + 1
    numbers = list(range(first, first + len(events)))
    if _number(events[-1]) == (attempts + 1) * EVENTS_AN_ATTEMPT:
        assert events[-1].data.get("code") == "MODEL_STREAM_INTERRUPTED", events[-1]
        numbers[-1] = (attempts + 1) * EVENTS_AN_ATTEMPT
    assert [event.id for event in events] == [f"{turn_id}.{n}" for n in numbers]


def _number(event: Event) -> int:
    return int(str(event.id).rpartition(".")[2])


def shown_text(events: Iterable[Event]) -> str:
    """Return what a person saw: the asides and the chunks, joined."""
    return "".join(event.data["content"] for event in events if event.type in ("contextual", "chunk"))
