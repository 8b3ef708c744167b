"""The resuming delivery: attach to a turn, from wherever the client had come."""

import re
from typing import Final

from libs.coach_conversation import turns
from libs.coach_conversation.errors import InvalidCursor
from libs.coach_conversation.feed import StoredFeed
from libs.coach_conversation.ports import Ports
from libs.coach_conversation.types import TurnId, TurnRecord
from libs.lambda_runtime import StreamingResponse
from libs.streaming.encoders.negotiate import Protocol, encoder_for, negotiate
from libs.streaming.path_params import ID_PATTERN
from stream_coach.deliveries.call import Call
from stream_coach.deliveries.watching import join

_CURSOR: Final = re.compile(rf"({ID_PATTERN})\.([0-9]{{1,8}})")
NOTHING: Final = StreamingResponse(204, {"cache-control": "no-store"})


def resume_stream(call: Call, ports: Ports) -> StreamingResponse:
    """Stream a turn's events behind the cursor; 204 when there is nothing (more) to come.

    The turn is the one that `turnId` or the cursor names, else the conversation's active one. Only
    typed events have ids to resume behind: AI SDK clients are told the whole answer again.

    Raises  ConversationNotFound, TurnNotFound, InvalidCursor, InvalidProtocol, StoreUnavailable
    """
    protocol = negotiate(call.request, default="typed")
    cursor = _cursor(call)
    record = _record(call, cursor, ports)
    if record is None:
        return _nothing(call, protocol)
    after = _seen(cursor, record) if protocol == "typed" else 0
    if StoredFeed(record, ports, after=after).is_over():
        return NOTHING
    encoder = encoder_for(protocol, call.request, turn_id=record.turn_id)
    watched = join(record, call.context, ports, after=after)
    body = watched.encoded(encoder, keep_alive_s=ports.limits.keep_alive_s)
    return StreamingResponse(200, encoder.headers, (), body)


def _nothing(call: Call, protocol: Protocol) -> StreamingResponse:
    """Return the answer that ends a client's wait; AI SDK 4 takes a 204 for a fault."""
    if protocol != "data":
        return NOTHING
    encoder = encoder_for(protocol, call.request, turn_id="")
    return StreamingResponse(200, encoder.headers)


def _seen(cursor: tuple[TurnId, int] | None, record: TurnRecord) -> int:
    return cursor[1] if cursor is not None and cursor[0] == record.turn_id else 0


def _cursor(call: Call) -> tuple[TurnId, int] | None:
    """Return the turn and the number of the last event that the client saw."""
    query = call.request.query
    text = call.request.headers.get("last-event-id") or query.get("lastEventId") or ""
    if not text:
        return None
    found = _CURSOR.fullmatch(text)
    if found is None:
        raise InvalidCursor(
            "Last-Event-ID is no event id of this service; leave it out to begin at the start"
        )
    return TurnId(found[1]), int(found[2])


def _record(call: Call, cursor: tuple[TurnId, int] | None, ports: Ports) -> TurnRecord | None:
    turn_id = call.ticket_turn_id or call.request.query.get("turnId") or (cursor[0] if cursor else "")
    if not turn_id:
        return turns.active(call.conversation, ports)
    if not re.fullmatch(ID_PATTERN, turn_id):
        raise InvalidCursor("turnId is no id; leave it out to attach to the turn that is running")
    return turns.find(call.conversation, TurnId(turn_id), ports)
