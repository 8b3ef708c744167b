"""The live delivery: a message comes in, and the turn's events go out as they come."""

import secrets

from libs.coach_conversation.admission import admit, idempotent_turn
from libs.coach_conversation.feed import StoredFeed
from libs.coach_conversation.ports import Ports
from libs.coach_conversation.regeneration import regeneration
from libs.coach_conversation.types import CoachTurn, TurnRecord
from libs.lambda_runtime import StreamingResponse
from libs.streaming.encoders.negotiate import encoder_for, negotiate
from libs.streaming.json_object import JsonObject
from stream_coach import bodies
from stream_coach.deliveries.call import Call
from stream_coach.deliveries.cursors import cursor_of, nothing_to_come, seen_of
from stream_coach.deliveries.watching import begin_or_join


def stream_turn(call: Call, ports: Ports) -> StreamingResponse:
    """Begin the turn, or join the one that the same key began, and stream its events.

    A client that was cut off may send the same again with the last id it saw, and is told the rest;
    204 when that was all.

    Raises  StreamingError, TurnRefused: before anything was begun
    """
    body = call.request.json_body()
    protocol = negotiate(call.request, default="typed", body=body)
    cursor = cursor_of(call.request)
    turn = requested_turn(call, body, ports)
    encoder = encoder_for(protocol, call.request, turn_id=turn.turn_id)
    after = seen_of(cursor, turn.turn_id) if protocol == "typed" else 0
    begun = admit(turn, ports)
    if isinstance(begun, TurnRecord) and StoredFeed(begun, ports, after=after).is_over():
        return nothing_to_come(ports)
    watched = begin_or_join(begun, call.context, ports, after=after)
    written = watched.encoded(encoder, keep_alive_s=ports.limits.keep_alive_s)
    return StreamingResponse(200, encoder.headers, (), written)


def requested_turn(call: Call, body: JsonObject, ports: Ports) -> CoachTurn:
    """Return the turn that the request's body asks for. Raises StreamingError, TurnRefused."""
    said = bodies.parse_said(body, max_bytes=ports.limits.max_user_response_bytes)
    if isinstance(said, bodies.Again):
        return regeneration(
            call.conversation,
            client_message_id=said.client_message_id,
            answer_id=said.answer_id,
            ports=ports,
        )
    header = call.request.headers.get("idempotency-key")
    return idempotent_turn(
        call.conversation,
        key=bodies.idempotency_key(said, header, secrets.token_hex(16)),
        text=said.user_response,
        client_timestamp=said.message_timestamp,
        client_message_id=said.client_message_id,
    )
