"""The stateless delivery: all messages come with the request, the answer streams, nothing is stored."""

from collections.abc import Iterator
from typing import Any, Final

from libs.coach_conversation.chats import chatting
from libs.coach_conversation.ports import Ports
from libs.coach_conversation.types import Chat, UserId
from libs.lambda_runtime import Context, StreamingResponse
from libs.streaming.encoders.base import Encoder
from libs.streaming.encoders.negotiate import AI_SDK, encoder_for, negotiate
from libs.streaming.errors import InvalidEvent
from libs.streaming.requests import Request
from stream_coach import chat_bodies
from stream_coach.deliveries.call import Call
from stream_coach.deliveries.watching import Stream, Watched, deadline_of

ACTION: Final = "chat-v2-stream"
"""What a direct invocation names to have messages answered."""


def stream_chat(call: Call, ports: Ports) -> StreamingResponse:
    """Answer the client's messages as its AI SDK reads it.

    Raises  StreamingError, InvalidUserResponse, RateLimited, BudgetExceeded, StoreUnavailable: before any
            model was called
    """
    body = call.request.json_body()
    encoder = _encoder(call.request, body)
    chat = _chat(body)
    chatting.count(call.user_id, ports)
    answered = _answered(chat, encoder, call.context, ports, user_id=call.user_id)
    return StreamingResponse(200, encoder.headers, (), answered)


def invoked_chat(request: Request, context: Context, ports: Ports) -> Iterator[bytes]:
    """Return the answer to a direct invocation's messages: streamed raw. Raises as `stream_chat`."""
    body = request.payload.get("payload")
    if not isinstance(body, dict):
        raise InvalidEvent(f"the action {ACTION!r} needs a 'payload' with 'messages'")
    return _answered(_chat(body), _encoder(request, body), context, ports)


def _encoder(request: Request, body: dict[str, Any]) -> Encoder:
    protocol = negotiate(request, default="data", body=body, allowed=AI_SDK)
    return encoder_for(protocol, request, turn_id="")


def _chat(body: dict[str, Any]) -> Chat:
    return chat_bodies.chat_from(chat_bodies.parse_chat(body))


def _answered(
    chat: Chat, encoder: Encoder, context: Context, ports: Ports, *, user_id: UserId | None = None
) -> Stream:
    deadline_s = deadline_of(context, ports)
    under_way = chatting.start(chat, ports, message_id=ports.ulid(""), deadline_s=deadline_s, user_id=user_id)
    watched = Watched(under_way.feed.reader(), under_way.leave)
    return watched.encoded(encoder, keep_alive_s=ports.limits.keep_alive_s)
