"""The function: an event in, a streamed answer out. Whatever happens, the answer is an answer."""

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from libs.coach_conversation.errors import TurnError
from libs.coach_conversation.ports import Ports
from libs.lambda_runtime import Context, StreamingResponse
from libs.streaming import probe
from libs.streaming.auth import Principal, authenticated, authorise
from libs.streaming.errors import InvalidEvent, StreamingError
from libs.streaming.requests import Request, parse_event
from stream_coach import http_errors
from stream_coach.composition import App, build_app
from stream_coach.deliveries import live, plain_json, probing
from stream_coach.deliveries.call import Call
from stream_coach.routes import ROUTES
from stream_coach.settings import Settings

type Open = Callable[[Request], StreamingResponse]
type Owned = Callable[[Call, Ports], StreamingResponse]

OPEN: Final[Mapping[str, Open]] = {
    "health": probing.health,
    "probe": probing.stream_words,
    "probe_with_body": probing.stream_words,
}
OWNED: Final[Mapping[str, Owned]] = {
    "stream_turn": live.stream_turn,
    "list_messages": plain_json.list_messages,
    "create_conversation": plain_json.create_conversation,
}


def make_handler(app: App) -> Callable[[object, Context], StreamingResponse | Iterator[bytes]]:
    """Return the function's handler: HTTP answers by prelude and stream, direct ones raw."""

    def owned(
        request: Request, principal: Principal, params: Mapping[str, str], act: Owned, context: Context
    ) -> StreamingResponse:
        authorise(principal, params["userId"])
        return act(Call(request, params, context), app.ports)

    authenticate = authenticated(app.verifier, owned)

    def http(request: Request, context: Context) -> StreamingResponse:
        match = ROUTES.match(request.method, request.path)
        if match.route.auth == "none":
            return OPEN[match.route.name](request)
        return authenticate(request, match.params, OWNED[match.route.name], context)

    def handle(event: object, context: Context) -> StreamingResponse | Iterator[bytes]:
        request: Request | None = None
        try:
            request = parse_event(event, request_id=context.aws_request_id)
            return _direct(request) if request.source == "direct" else http(request, context)
        except (StreamingError, TurnError) as error:
            return http_errors.refusal(error, request)
        except Exception:  # noqa: BLE001 - the delivery's one net: logged here, fixed words outside
            app.ports.journal.unexpected("handler")
            return http_errors.unforeseen(request)

    return handle


def _direct(request: Request) -> Iterator[bytes]:
    if probe.is_probe(request.payload):
        return probing.invoked_words(request)
    raise InvalidEvent(
        "this direct invocation asks for nothing known; send the word probe's 'delay', 'format' or 'sentence'"
    )


logging.getLogger("stream_coach").setLevel(logging.INFO)
handler: Final = make_handler(build_app(Settings.from_env(os.environ)))
