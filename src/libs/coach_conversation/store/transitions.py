"""Every change of a turn's own state: one function each, with its condition beside it.

Each returns the writes of one transaction. The names are those of the transition table in
docs/turn.md; the tests of the stored states are generated from the same functions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from libs.coach_conversation.store import beginning, items, log_items
from libs.coach_conversation.store.beginning import Reserved
from libs.coach_conversation.store.table import (
    Absent,
    Check,
    Clause,
    Delete,
    Equals,
    OneOf,
    Put,
    Update,
    Write,
)
from libs.coach_conversation.types import (
    LIVE_STATUSES,
    CoachTurn,
    ConversationRef,
    Ending,
    Message,
    MessageId,
    Task,
    TurnId,
    TurnRecord,
)
from libs.streaming.events import TurnEvent


@dataclass(frozen=True, slots=True)
class Lease:
    """Who runs a turn: every write of an attempt is fenced by its number."""

    conversation: ConversationRef
    turn_id: TurnId
    attempt: int


def begin_live(
    turn: CoachTurn,
    ids: Reserved,
    *,
    now_ms: int,
    created_at: str,
    lease_ms: int,
) -> list[Write]:
    """T1 live: no TURN → processing, attempt 1, with the user's message."""
    owned = {"status": "processing", "attempt": 1, "leaseUntil": now_ms + lease_ms}
    return beginning.writes(
        turn,
        ids,
        owned,
        now_ms=now_ms,
        created_at=created_at,
        due_ms=now_ms + lease_ms,
    )


def begin_waiting(
    turn: CoachTurn,
    ids: Reserved,
    *,
    now_ms: int,
    created_at: str,
    wait_ms: int,
) -> list[Write]:
    """T1 attach or queued: no TURN → pending; attach expires, queued is due, after `wait_ms`."""
    unowned = {"status": "pending", "attempt": 0, "leaseUntil": 0}
    return beginning.writes(
        turn,
        ids,
        unowned,
        now_ms=now_ms,
        created_at=created_at,
        due_ms=now_ms + wait_ms,
    )


def claim(record: TurnRecord, *, now_ms: int, lease_ms: int) -> list[Write]:
    """Claim: status, attempt and lease as read → processing, attempt + 1.

    From pending, or from processing with its lease run out and nothing logged: see `is_claimable`.
    """
    changes = {
        "status": "processing",
        "attempt": record.attempt + 1,
        "leaseUntil": now_ms + lease_ms,
        **items.due_at(record.conversation, record.turn_id, now_ms + lease_ms),
    }
    when = (
        *_as_read(record),
        Equals("leaseUntil", record.lease_until_ms),
        Equals("loggedUpTo", 0),
        Equals("cancelRequested", False),
    )
    return [Update(items.turn_key(record.conversation, record.turn_id), set=changes, when=when)]


def is_claimable(record: TurnRecord, *, now_ms: int, skew_ms: int) -> bool:
    """Whether nobody runs this turn, nobody cancelled it, and nothing of it was logged.

    What was logged is never said twice.
    """
    if record.status == "pending":
        return True
    run_out = record.lease_until_ms + skew_ms < now_ms
    untouched = record.logged_up_to == 0 and not record.cancel_requested
    return record.status == "processing" and run_out and untouched


def cancel_running(record: TurnRecord) -> list[Write]:
    """Cancel: processing or streaming, status as read → cancelRequested; its owner sees it at a tick."""
    key = items.turn_key(record.conversation, record.turn_id)
    return [Update(key, set={"cancelRequested": True}, when=(Equals("status", record.status),))]


def cancel_pending(record: TurnRecord, ending: Ending, *, now_ms: int) -> list[Write]:
    """Cancel: pending, status as read → cancelled, META released."""
    return _release(record.conversation, record.turn_id, ending, None, now_ms=now_ms, when=_as_read(record))


def expire(record: TurnRecord, ending: Ending, *, now_ms: int) -> list[Write]:
    """Expire: pending attach past its time, status as read → interrupted, META released."""
    return _release(record.conversation, record.turn_id, ending, None, now_ms=now_ms, when=_as_read(record))


def forget(ref: ConversationRef, turn_id: TurnId) -> list[Write]:
    """Forget: META names a turn whose record has expired → META released.

    The check tells it from one that is only just beginning: a transaction may show item by item.
    """
    release = Update(items.meta_key(ref), remove=("activeTurn",), when=(Equals("activeTurn", turn_id),))
    return [release, Check(items.turn_key(ref, turn_id), when=(Absent("pk"),))]


def requeue(record: TurnRecord, *, due_ms: int) -> list[Write]:
    """Requeue: queued, nobody runs it, due time as read → the same, due later; then sent again."""
    key = items.turn_key(record.conversation, record.turn_id)
    later = items.due_at(record.conversation, record.turn_id, due_ms)
    return [Update(key, set=later, when=(*_as_read(record), Equals("dueAt", record.due_at_ms)))]


def _as_read(record: TurnRecord) -> tuple[Equals, ...]:
    return Equals("status", record.status), Equals("attempt", record.attempt)


def log(
    lease: Lease,
    first_number: int,
    events: Sequence[TurnEvent],
    *,
    now_ms: int,
    lease_until_ms: int | None,
    first_content: bool,
    unless_cancelled: bool,
) -> list[Write]:
    """Tick: the next stretch of the log, `loggedUpTo` and, when due, the lease; one transaction.

    First content logged: processing → streaming. With `unless_cancelled` a cancel request fails the
    write: so the flag is read without a request of its own.
    """
    ref, turn_id = lease.conversation, lease.turn_id
    changes: dict[str, Any] = {}
    if events:
        changes["loggedUpTo"] = first_number + len(events) - 1
    if first_content:
        changes["status"] = "streaming"
    if lease_until_ms is not None:
        changes |= {"leaseUntil": lease_until_ms, **items.due_at(ref, turn_id, lease_until_ms)}
    record = Update(
        items.turn_key(ref, turn_id),
        set=changes,
        when=(
            OneOf("status", LIVE_STATUSES),
            Equals("attempt", lease.attempt),
            *((Equals("cancelRequested", False),) if unless_cancelled else ()),
        ),
    )
    if not events:
        return [record]
    entry = Put(
        items.log_key(ref, turn_id, first_number),
        log_items.log_item(turn_id, first_number, events, now_ms),
        when=(Absent("pk"),),
    )
    return [record, entry]


def finish(
    lease: Lease,
    ending: Ending,
    reply: Message | None,
    *,
    now_ms: int,
    superseded: MessageId | None = None,
    follow_ups: Sequence[Task] = (),
    due_ms: int = 0,
) -> list[Write]:
    """T2: processing or streaming, attempt mine → completed, failed or cancelled.

    An answer that was written anew takes the place of the old one only when it is complete. With
    `follow_ups` the turn stays due, at `due_ms`, until they are known to be sent.
    """
    unsent = items.due_at(lease.conversation, lease.turn_id, due_ms) | {"followUps": list(follow_ups)}
    replaced = superseded if ending.status == "completed" else None
    return _release(
        lease.conversation,
        lease.turn_id,
        ending,
        reply,
        now_ms=now_ms,
        when=(OneOf("status", LIVE_STATUSES), Equals("attempt", lease.attempt)),
        superseded=replaced,
        unsent=unsent if follow_ups else None,
    )


def fold(record: TurnRecord, ending: Ending, reply: Message | None, *, now_ms: int) -> list[Write]:
    """Fold: lease run out; attempt, lease and log as read → interrupted, with what the log kept."""
    return _release(
        record.conversation,
        record.turn_id,
        ending,
        reply,
        now_ms=now_ms,
        when=(
            OneOf("status", LIVE_STATUSES),
            Equals("attempt", record.attempt),
            Equals("leaseUntil", record.lease_until_ms),
            Equals("loggedUpTo", record.logged_up_to),
        ),
    )


def _release(
    ref: ConversationRef,
    turn_id: TurnId,
    ending: Ending,
    reply: Message | None,
    *,
    now_ms: int,
    when: tuple[Clause, ...],
    superseded: MessageId | None = None,
    unsent: Mapping[str, Any] | None = None,
) -> list[Write]:
    outcome = {
        "status": ending.status,
        "stopReason": ending.stop_reason,
        "errorCode": ending.error_code,
        "errorMessage": ending.error_message,
        "retryable": ending.retryable,
        "usage": dict(ending.usage),
        "timings": dict(ending.timings),
        "hasReply": reply is not None,
        "answeredAt": reply.created_at if reply is not None else None,
    }
    record = Update(
        items.turn_key(ref, turn_id),
        set={name: value for name, value in outcome.items() if value is not None} | dict(unsent or {}),
        remove=("gsi1pk", "gsi1sk", "dueAt") if unsent is None else (),
        when=when,
    )
    meta = Update(
        items.meta_key(ref),
        set=items.by_activity(ref, now_ms),
        add={"messageCount": 1} if reply is not None and superseded is None else {},
        remove=("activeTurn",),
        when=(Equals("activeTurn", turn_id),),
    )
    if reply is None:
        return [record, meta]
    kept = items.message_item(reply) | items.expiry(ref, now_ms)
    saved = Put(items.message_key(ref, reply.message_id), kept, when=(Absent("pk"),))
    gone = [Delete(items.message_key(ref, superseded))] if superseded is not None else []
    return [record, meta, saved, *gone]
