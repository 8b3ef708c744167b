"""Jobs as JSON: left for the worker, polled, stopped."""

import secrets
from http import HTTPStatus
from typing import Any

from libs.coach_conversation.chats import chats, jobs
from libs.coach_conversation.ports import Ports
from libs.coach_conversation.types import TurnRecord
from libs.lambda_runtime import StreamingResponse
from stream_coach import bodies, chat_bodies
from stream_coach.deliveries.call import Call
from stream_coach.deliveries.json_answers import answer
from stream_coach.deliveries.turn_json import tell_worker

POLL_AFTER_S = 1


def begin_job(call: Call, ports: Ports) -> StreamingResponse:
    """Store the chat for the worker: 202 with where to poll. Raises StreamingError, TurnRefused."""
    body = chat_bodies.parse_chat(call.request.json_body())
    header = call.request.headers.get("idempotency-key")
    key = bodies.request_key(header, body.client_message_id) or f"random:{secrets.token_hex(16)}"
    chat = chat_bodies.chat_from(body)
    record = jobs.begin(call.user_id, chat, key=key, ports=ports)
    if record.status == "pending":
        tell_worker(record, ports)
    poll_url = f"/api/chat/jobs/{record.turn_id}"
    shown: dict[str, Any] = {
        "jobId": record.turn_id,
        "status": jobs.status_of(record),
        "pollUrl": poll_url,
    }
    if (need := chats.need_of(chat)) is not None:
        shown["notice"] = {"kind": "safety", "message": need.line}
    return answer(HTTPStatus.ACCEPTED, shown, {"location": poll_url, "retry-after": str(POLL_AFTER_S)})


def show_job(call: Call, ports: Ports) -> StreamingResponse:
    """Return the job's state and what was said so far. Raises JobNotFound, StoreUnavailable."""
    record = jobs.find(call.user_id, call.params["jobId"], ports)
    return answer(HTTPStatus.OK, jobs.state(record, ports), _pace(record))


def cancel_job(call: Call, ports: Ports) -> StreamingResponse:
    """Stop the job: 200 when it is over, 202 while its worker still has to hear of it."""
    record = jobs.cancel(call.user_id, call.params["jobId"], ports)
    status = HTTPStatus.OK if record.is_terminal else HTTPStatus.ACCEPTED
    return answer(status, {"jobId": record.turn_id, "status": jobs.status_of(record)}, _pace(record))


def _pace(record: TurnRecord) -> dict[str, str]:
    """Return when to ask again, for a job that goes on."""
    return {} if record.is_terminal else {"retry-after": str(POLL_AFTER_S)}
