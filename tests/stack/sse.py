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
    assert line == _compact(data), f"not compact: {line}"
    return Event(event_id.decode() if event_id else None, data, at_s)


def _compact(data: Any) -> str:
    """Return JSON without blanks, in which no character ends a line, whatever a reader takes for one."""
    line = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for end in "\x85\u2028\u2029":
        line = line.replace(end, f"\\u{ord(end):04x}")
    assert line.splitlines() == [line]
    return line


def check_stream(events: list[Event]) -> None:
    """Check a whole stream's ids and the legal order of its events.

    Ids go up by one from 1.

    Shape   start (progress | contextual | recall | notice | chunk)* (complete | error)
    """
    types = [event.type for event in events]
    assert types[0] == "start", types
    assert types[-1] in TERMINAL, types
    assert set(types[1:-1]) <= BETWEEN, types
    turn_id = events[0].data["turnId"]
    assert [event.id for event in events] == [f"{turn_id}.{n}" for n in range(1, len(events) + 1)]


def shown_text(events: Iterable[Event]) -> str:
    """Return what a person saw: the asides and the chunks, joined."""
    return "".join(event.data["content"] for event in events if event.type in ("contextual", "chunk"))
