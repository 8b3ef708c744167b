"""Jobs: chats that the worker answers, each the one turn of a hidden conversation; polled until they end."""

import json
from typing import Any, Final, Literal

from libs.coach_conversation import recovery, turns
from libs.coach_conversation.admission import enqueue
from libs.coach_conversation.chats import chats
from libs.coach_conversation.errors import JobNotFound
from libs.coach_conversation.ports import Ports
from libs.coach_conversation.store import ids, items
from libs.coach_conversation.store.table import ConditionFailed
from libs.coach_conversation.types import (
    NO_COACH,
    Chat,
    CoachTurn,
    ConversationId,
    ConversationRef,
    TurnId,
    TurnRecord,
    UserId,
)

type ErrorKind = Literal["provider", "timeout", "model", "store", "cancelled", "other"]

CANCEL_TRIES: Final = 3
KINDS: Final[dict[str, ErrorKind]] = {
    "MODEL_THROTTLED": "provider",
    "MODEL_UNAVAILABLE": "provider",
    "PROVIDER_NOT_CONFIGURED": "provider",
    "DEADLINE": "timeout",
    "MODEL_REFUSED": "model",
    "MODEL_STREAM_INTERRUPTED": "model",
    "STORE_UNAVAILABLE": "store",
    "CANCELLED": "cancelled",
}


def begin(user_id: UserId, chat: Chat, *, key: str, ports: Ports) -> TurnRecord:
    """Store the job for the worker; the same key again is the same job.

    Raises  ProviderNotConfigured, RateLimited, BudgetExceeded, IdempotencyKeyReused, StoreUnavailable:
            nothing is stored
    """
    ports.model.call(chats.build_prompt(chat, ports))
    job_id = ids.job_id(user_id, key)
    turn = CoachTurn(
        conversation=_conversation(user_id, job_id),
        turn_id=TurnId(job_id),
        body_hash=ids.body_hash(NO_COACH, _asked(chat)),
        text=chat.messages[-1].text,
        chat=chat,
    )
    return enqueue(turn, "queued", ports)


def find(user_id: UserId, job_id: str, ports: Ports) -> TurnRecord:
    """Return the job's turn as it stands. Raises JobNotFound, StoreUnavailable.

    Polling settles nothing: a job whose worker died is run again, or ended, by the sweeper.
    """
    ref = _conversation(user_id, job_id)
    key = items.turn_key(ref, TurnId(job_id))
    item = ports.table.read([key]).get(key)
    if item is None or item["ttl"] <= ports.clock.now_ms() // 1000:
        raise JobNotFound(job_id)
    return items.turn_from(ref, item)


def cancel(user_id: UserId, job_id: str, ports: Ports) -> TurnRecord:
    """Stop the job and return it as it stands then; what was said so far stays. Raises as `find`."""
    for _ in range(CANCEL_TRIES):
        record = find(user_id, job_id, ports)
        try:
            recovery.cancel(record, ports)
        except ConditionFailed:
            continue
        break
    return find(user_id, job_id, ports)


def state(record: TurnRecord, ports: Ports) -> dict[str, Any]:
    """Return the job as JSON: the text so far while it runs, and how it ended once it has."""
    shown = turns.poll(record, ports)
    error = shown.get("error")
    known = {
        "jobId": record.turn_id,
        "status": status_of(record),
        "content": shown["content"],
        "progress": shown.get("progress"),
        "error": {**error, "kind": KINDS.get(error["code"], "other")} if error is not None else None,
        "stopReason": shown.get("stopReason"),
        "usage": shown.get("usage"),
        "timings": shown.get("timings"),
    }
    return {name: value for name, value in known.items() if value is not None}


def status_of(record: TurnRecord) -> str:
    """Return the turn's status in a job's words: one whose worker died has failed."""
    return "failed" if record.status == "interrupted" else record.status


def _conversation(user_id: UserId, job_id: str) -> ConversationRef:
    return ConversationRef(user_id, NO_COACH, ConversationId(job_id))


def _asked(chat: Chat) -> str:
    """Return all that makes two chats the same, as one text."""
    said = [[message.role, message.text] for message in chat.messages]
    return json.dumps([said, chat.system, chat.model_id, chat.max_tokens, chat.temperature])
