"""The live delivery: the turn runs in this process, and its events go out as they come."""

import secrets
from collections.abc import Iterator
from concurrent.futures import Future

from libs.coach_conversation import running
from libs.coach_conversation.admission import Admitted, admit, idempotent_turn
from libs.coach_conversation.feed import StoredFeed
from libs.coach_conversation.ports import Ports
from libs.coach_conversation.types import CoachTurn
from libs.lambda_runtime import StreamingResponse
from libs.streaming.encoders.typed_sse import TypedSse
from libs.streaming.keepalive import encoded
from stream_coach import bodies
from stream_coach.deliveries.call import Call


def stream_turn(call: Call, ports: Ports) -> StreamingResponse:
    """Begin the turn, or join the one that the same key began, and stream its events.

    Raises  StreamingError, TurnRefused: before anything was begun
    """
    turn = requested_turn(call, ports)
    encoder = TypedSse(turn.turn_id)
    keep_alive_s = ports.limits.keep_alive_s
    admitted = admit(turn, ports)
    if not isinstance(admitted, Admitted):
        stored = StoredFeed(admitted, ports)
        body: Iterator[bytes] = encoded(stored.wait, encoder, keep_alive_s=keep_alive_s)
    else:
        deadline_s = ports.clock.monotonic_s() + call.context.get_remaining_time_in_millis() / 1000
        started = running.start(admitted, ports, deadline_s=deadline_s - ports.limits.deadline_margin_s)
        events = encoded(started.feed.reader(), encoder, keep_alive_s=keep_alive_s)
        body = _until_ended(events, started.ended)
    return StreamingResponse(200, encoder.headers, (), body)


def _until_ended(events: Iterator[bytes], ended: Future[None]) -> Iterator[bytes]:
    """Yield the stream's bytes; then, or when nobody listens any more, wait for the turn to end.

    The next invocation must not begin before: Lambda freezes a process between invocations.
    """
    try:
        yield from events
    finally:
        ended.result()


def requested_turn(call: Call, ports: Ports) -> CoachTurn:
    """Return the turn that the request asks for. Raises StreamingError, TurnRefused."""
    body = bodies.parse_turn(call.request.json_body(), max_bytes=ports.limits.max_user_response_bytes)
    header = call.request.headers.get("idempotency-key")
    return idempotent_turn(
        call.conversation,
        key=bodies.idempotency_key(body, header, secrets.token_hex(16)),
        text=body.user_response,
        client_timestamp=body.message_timestamp,
        client_message_id=body.client_message_id,
    )
