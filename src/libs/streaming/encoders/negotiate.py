"""Which protocol a client is answered in, and the encoder for it."""

from collections.abc import Mapping
from typing import Final, Literal, get_args

from libs.streaming.encoders.base import Encoder
from libs.streaming.encoders.data_stream import DataStream
from libs.streaming.encoders.typed_sse import TypedSse
from libs.streaming.encoders.ui_message_stream import UiMessageStream
from libs.streaming.errors import InvalidProtocol
from libs.streaming.requests import Request

type Protocol = Literal["typed", "data", "ui"]

PROTOCOLS: Final[tuple[Protocol, ...]] = get_args(Protocol.__value__)
AI_SDK: Final[tuple[Protocol, ...]] = ("data", "ui")
_NO_BODY: Final[Mapping[str, object]] = {}


def negotiate(
    request: Request,
    *,
    default: Protocol,
    body: Mapping[str, object] = _NO_BODY,
    allowed: tuple[Protocol, ...] = PROTOCOLS,
) -> Protocol:
    """Return what the query's `protocol` says, else the header's, else the body's, else `default`.

    AI SDK 5 and later send a `trigger`; version 4 asks to resume with `?chatId=`, which it appends
    to an address whether or not that has a query already.

    Raises  InvalidProtocol: not one of those that are `allowed`
    """
    queried = request.query.get("protocol", "").partition("?chatId=")[0]
    asked = queried or request.headers.get("x-stream-protocol", "")
    if asked:
        return _known(asked.strip().lower(), allowed)
    if "trigger" in body:
        return "ui"
    return "data" if "chatId" in request.query else default


def _known(name: str, allowed: tuple[Protocol, ...]) -> Protocol:
    for protocol in allowed:
        if protocol == name:
            return protocol
    raise InvalidProtocol(name, allowed=allowed)


def encoder_for(protocol: Protocol, request: Request, *, turn_id: str) -> Encoder:
    """Return a new encoder for one stream of the turn."""
    match protocol:
        case "typed":
            return TypedSse(turn_id)
        case "data":
            return DataStream(as_event_stream=request.accepts_event_stream)
        case "ui":
            return UiMessageStream()
