"""Turns as JSON: asked for and answered in one document, left for later, polled, cancelled."""

from http import HTTPStatus
from urllib.parse import urlencode

from libs.coach_conversation import turns
from libs.coach_conversation.admission import admit, enqueue
from libs.coach_conversation.errors import StoreUnavailable
from libs.coach_conversation.ports import Ports
from libs.coach_conversation.types import TurnId, TurnRecord
from libs.lambda_runtime import StreamingResponse
from libs.streaming.events import Complete, Error, to_record
from libs.streaming.tickets import Ticket, TicketOffice
from stream_coach import bodies, http_errors
from stream_coach.deliveries.call import Call
from stream_coach.deliveries.json_answers import answer
from stream_coach.deliveries.live import requested_turn
from stream_coach.deliveries.watching import begin_or_join, deadline_of


def answer_turn(call: Call, ports: Ports) -> StreamingResponse:
    """Run the turn, or join the one that the same key began, and answer with its `complete` as JSON.

    Raises  StreamingError, TurnRefused: before anything was begun
    """
    turn = requested_turn(call, call.request.json_body(), ports)
    until_s = deadline_of(call.context, ports) + ports.limits.deadline_margin_s / 2
    watched = begin_or_join(admit(turn, ports), call.context, ports)
    match watched.terminal(until_s=until_s, ports=ports):
        case Complete() as complete:
            record = to_record(complete)
            del record["type"], record["status"]
            return answer(200, {"turnId": turn.turn_id, "status": "completed", **record})
        case Error() as error:
            return http_errors.problem(error, call.request)
        case None:
            return answer(202, _links(call, turn.turn_id, "processing"))


def begin_turn(call: Call, ports: Ports) -> StreamingResponse:
    """Store the turn for whoever attaches to it, or for the worker: 202 with where to watch it.

    Raises  StreamingError, TurnRefused
    """
    body = call.request.json_body()
    record = enqueue(requested_turn(call, body, ports), bodies.parse_mode(body), ports)
    if record.mode == "queued" and record.status == "pending":
        tell_worker(record, ports)
    return answer(202, _links(call, record.turn_id, record.status, ticket_of(call, record)))


def tell_worker(record: TurnRecord, ports: Ports) -> None:
    """Tell the worker; what is not sent now is sent when it is due."""
    try:
        ports.queue.send_turn(record.conversation, record.turn_id)
    except StoreUnavailable:
        ports.journal.unexpected("queue")


def ticket_of(call: Call, record: TurnRecord) -> str | None:
    office: TicketOffice | None = call.tickets
    return office.issue(Ticket(record.conversation.user_id, record.turn_id)) if office is not None else None


def _links(call: Call, turn_id: TurnId, status: str, ticket: str | None = None) -> dict[str, str]:
    ref = call.conversation
    base = f"/users/{ref.user_id}/coaches/{ref.coach_id}/conversations/{ref.conversation_id}"
    query = {"turnId": turn_id} | ({"ticket": ticket} if ticket is not None else {})
    return {
        "turnId": turn_id,
        "status": status,
        "streamUrl": f"{base}/stream?{urlencode(query)}",
        "pollUrl": f"{base}/turns/{turn_id}",
    }


def show_turn(call: Call, ports: Ports) -> StreamingResponse:
    """Return the turn's state and what was said so far. Raises TurnNotFound, ConversationNotFound."""
    record = turns.find(call.conversation, TurnId(call.params["turnId"]), ports)
    return answer(HTTPStatus.OK, turns.poll(record, ports))


def cancel_turn(call: Call, ports: Ports) -> StreamingResponse:
    """Stop the turn: 200 when it is over, 202 while its owner still has to hear of it."""
    record = turns.cancel(call.conversation, TurnId(call.params["turnId"]), ports)
    status = HTTPStatus.OK if record.is_terminal else HTTPStatus.ACCEPTED
    return answer(status, {"turnId": record.turn_id, "status": record.status})
