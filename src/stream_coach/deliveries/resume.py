"""The resuming delivery: attach to a turn, from wherever the client had come."""

import re

from libs.coach_conversation import turns
from libs.coach_conversation.errors import InvalidCursor
from libs.coach_conversation.feed import StoredFeed
from libs.coach_conversation.ports import Ports
from libs.coach_conversation.types import TurnId, TurnRecord
from libs.lambda_runtime import StreamingResponse
from libs.streaming.encoders.negotiate import Protocol, encoder_for, negotiate
from libs.streaming.path_params import ID_PATTERN
from stream_coach.deliveries.call import Call
from stream_coach.deliveries.cursors import Cursor, cursor_of, nothing_to_come, seen_of
from stream_coach.deliveries.json_answers import NO_CONTENT
from stream_coach.deliveries.watching import join


def resume_stream(call: Call, ports: Ports) -> StreamingResponse:
    """Stream a turn's events after the cursor; 204 when there is nothing (more) to come.

    The turn is the one that `turnId` or the cursor names, else the conversation's active one. Only
    typed events have ids to resume after: AI SDK clients are told the whole answer again.

    Raises  ConversationNotFound, TurnNotFound, InvalidCursor, InvalidProtocol, StoreUnavailable
    """
    protocol = negotiate(call.request, default="typed")
    cursor = cursor_of(call.request)
    record = _record(call, cursor, ports)
    if record is None:
        return _nothing(call, protocol, ports)
    after = seen_of(cursor, record.turn_id) if protocol == "typed" else 0
    if StoredFeed(record, ports, after=after).is_over():
        return nothing_to_come(ports)
    encoder = encoder_for(protocol, call.request, turn_id=record.turn_id)
    watched = join(record, call.context, ports, after=after)
    body = watched.encoded(encoder, keep_alive_s=ports.limits.keep_alive_s)
    return StreamingResponse(200, encoder.headers, (), body)


def _nothing(call: Call, protocol: Protocol, ports: Ports) -> StreamingResponse:
    """Return the answer that ends a client's wait; AI SDK 4 takes a 204 for a fault, later ones need it."""
    match protocol:
        case "typed":
            return nothing_to_come(ports)
        case "ui":
            return NO_CONTENT
        case "data":
            return StreamingResponse(200, encoder_for(protocol, call.request, turn_id="").headers)


def _record(call: Call, cursor: Cursor | None, ports: Ports) -> TurnRecord | None:
    turn_id = call.ticket_turn_id or call.request.query.get("turnId") or (cursor[0] if cursor else "")
    if not turn_id:
        return turns.active(call.conversation, ports)
    if not re.fullmatch(ID_PATTERN, turn_id):
        raise InvalidCursor("turnId is not an id; leave it out to attach to the turn that is running")
    return turns.find(call.conversation, TurnId(turn_id), ports)
