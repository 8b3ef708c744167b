"""The function's handler over any app: an event in, a streamed answer out, whatever happens."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from libs.coach_conversation.errors import TurnError
from libs.coach_conversation.ports import Ports
from libs.lambda_runtime import Context, StreamingResponse
from libs.streaming import probe
from libs.streaming.auth import authorise, bearer_token
from libs.streaming.errors import InvalidEvent, StreamingError, TicketInvalid
from libs.streaming.requests import Request, parse_event
from libs.streaming.routes import RouteMatch
from stream_coach import http_errors
from stream_coach.composition import App
from stream_coach.deliveries import (
    chat,
    coach_json,
    conversation_json,
    describing,
    job_json,
    kept_json,
    live,
    person_json,
    probing,
    resume,
    turn_json,
)
from stream_coach.deliveries.call import Call
from stream_coach.routes import ROUTES

type Open = Callable[[Request], StreamingResponse]
type Owned = Callable[[Call, Ports], StreamingResponse]
type Handler = Callable[[object, Context], StreamingResponse | Iterator[bytes]]

OPEN: Final[Mapping[str, Open]] = {
    "health": probing.health,
    "probe": probing.stream_words,
    "probe_with_body": probing.stream_words,
    "show_api": describing.show_api,
}
OWNED: Final[Mapping[str, Owned]] = {
    "stream_turn": live.stream_turn,
    "resume_stream": resume.resume_stream,
    "stream_chat": chat.stream_chat,
    "answer_turn": turn_json.answer_turn,
    "list_messages": conversation_json.list_messages,
    "begin_turn": turn_json.begin_turn,
    "show_turn": turn_json.show_turn,
    "cancel_turn": turn_json.cancel_turn,
    "create_conversation": conversation_json.create_conversation,
    "list_conversations": conversation_json.list_conversations,
    "show_conversation": conversation_json.show_conversation,
    "delete_conversation": conversation_json.delete_conversation,
    "list_coaches": coach_json.list_coaches,
    "show_coach": coach_json.show_coach,
    "save_coach": coach_json.save_coach,
    "begin_job": job_json.begin_job,
    "show_job": job_json.show_job,
    "cancel_job": job_json.cancel_job,
    "list_memories": kept_json.list_memories,
    "correct_memory": kept_json.correct_memory,
    "forget_memory": kept_json.forget_memory,
    "list_workouts": kept_json.list_workouts,
    "delete_workout": kept_json.delete_workout,
    "export_data": person_json.export_data,
    "delete_data": person_json.delete_data,
    "show_data": person_json.show_data,
    "break_stream": probing.break_stream,
}


def make_handler(app: App) -> Handler:
    """Return the function's handler: HTTP answers by prelude and stream, direct ones raw."""

    def handle(event: object, context: Context) -> StreamingResponse | Iterator[bytes]:
        request: Request | None = None
        try:
            request = parse_event(event, request_id=context.aws_request_id)
            if request.source == "direct":
                return _direct(request, context, app.ports)
            match = ROUTES.match(request.method, request.path)
            if match.route.auth == "none":
                return OPEN[match.route.name](request)
            return OWNED[match.route.name](_admitted(app, request, match, context), app.ports)
        except (StreamingError, TurnError) as error:
            if request is None or request.source == "direct":
                return http_errors.raw_problem(error, request)
            return http_errors.refusal(error, request)
        except Exception:  # noqa: BLE001 - the delivery's one net: logged here, fixed words outside
            app.ports.journal.unexpected("handler")
            return http_errors.unforeseen(request)

    return handle


def _admitted(app: App, request: Request, match: RouteMatch, context: Context) -> Call:
    """Return the call of whoever the path belongs to, or else of whoever asks.

    Raises  NotAuthenticated, NotAllowed
    """
    ticket = request.query.get("ticket")
    if match.route.auth == "jwt_or_ticket" and ticket is not None and "authorization" not in request.headers:
        if app.tickets is None:
            raise TicketInvalid
        allowed = app.tickets.verify(ticket)
        if (
            allowed.user_id != match.params["userId"]
            or request.query.get("turnId", allowed.turn_id) != allowed.turn_id
        ):
            raise TicketInvalid
        return Call(request, match.params, context, app.tickets, allowed.turn_id)
    principal = app.verifier.verify(bearer_token(request))
    authorise(principal, match.params.get("userId", principal.user_id))
    return Call(request, {**match.params, "userId": principal.user_id}, context, app.tickets)


def _direct(request: Request, context: Context, ports: Ports) -> Iterator[bytes]:
    if probe.is_probe(request.payload):
        return probing.invoked_words(request)
    if request.payload.get("action") == chat.ACTION:
        return chat.invoked_chat(request, context, ports)
    raise InvalidEvent(
        f"nothing here answers this direct invocation; send the action {chat.ACTION!r} with a payload, "
        "or the word probe's 'delay', 'format' or 'sentence'"
    )
