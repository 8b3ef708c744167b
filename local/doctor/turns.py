"""Events of a typed stream, as the doctor reads them. Pure."""

import json
import re
from collections import Counter
from typing import Any, Final

type Event = tuple[str, dict[str, Any]]

_FRAME: Final = re.compile(r"(?:id: ([^\n]+)\n)?data: (\{[^\n]*\})")


def read_events(body: bytes) -> list[Event]:
    """Return the events with their ids; whatever else stands in the body is passed over."""
    events: list[Event] = []
    for block in body.decode(errors="replace").split("\n\n"):
        found = _FRAME.fullmatch(block)
        if found is None:
            continue
        try:
            events.append((found[1] or "", json.loads(found[2])))
        except ValueError:
            continue
    return events


def told(events: list[Event]) -> str:
    """Return how many of which events came, the last by itself: `1 start, 40 chunk, then complete`."""
    if not events:
        return "no events"
    *kinds, last = [_kind(event) for _, event in events]
    counted = ", ".join(f"{count} {kind}" for kind, count in Counter(kinds).items())
    return f"{counted}, then {last}" if counted else last


def _kind(event: dict[str, Any]) -> str:
    code = f" {event['code']}" if "code" in event else ""
    return f"{event.get('type', '?')}{code}"


def is_numbered(events: list[Event]) -> bool:
    """Return whether the ids count up from 1 without holes."""
    turn = events[0][1].get("turnId") if events else None
    return [event_id for event_id, _ in events] == [f"{turn}.{n}" for n in range(1, len(events) + 1)]
