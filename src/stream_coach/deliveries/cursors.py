"""Cursors: the id of the last event that a client saw."""

import re
from typing import Final

from libs.coach_conversation.errors import InvalidCursor
from libs.coach_conversation.ports import Ports
from libs.coach_conversation.types import TurnId
from libs.lambda_runtime import StreamingResponse
from libs.streaming.path_params import ID_PATTERN
from libs.streaming.requests import Request
from stream_coach.deliveries.json_answers import NO_CONTENT

_CURSOR: Final = re.compile(rf"({ID_PATTERN})\.([0-9]{{1,8}})")

GONE: Final = StreamingResponse(
    410,
    {"content-type": "text/plain; charset=utf-8", "cache-control": "no-store"},
    (),
    [b"nothing to come\n"],
)
"""The same with a body, for paths on which an empty answer hangs; it keeps an EventSource closed too."""

type Cursor = tuple[TurnId, int]


def cursor_of(request: Request) -> Cursor | None:
    """Return the turn and the number of the last event that the client saw. Raises InvalidCursor."""
    text = request.headers.get("last-event-id") or request.query.get("lastEventId") or ""
    if not text:
        return None
    found = _CURSOR.fullmatch(text)
    if found is None:
        raise InvalidCursor(
            "Last-Event-ID is not an event id of this service; leave it out to begin at the start"
        )
    return TurnId(found[1]), int(found[2])


def seen_of(cursor: Cursor | None, turn_id: TurnId) -> int:
    """Return the number of the last event of this turn that the client saw; 0 for none."""
    return cursor[1] if cursor is not None and cursor[0] == turn_id else 0


def nothing_to_come(ports: Ports) -> StreamingResponse:
    """Return the answer that ends the wait of a reader of typed events."""
    return NO_CONTENT if ports.empty_answers else GONE
