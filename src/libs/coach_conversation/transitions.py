"""Every change of a turn's state: one function each, with its condition beside it.

Each returns the writes of one transaction. The names are those of the transition table in
docs/turn.md; the tests of the stored states are generated from the same functions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from libs.coach_conversation import items
from libs.coach_conversation.ids import iso
from libs.coach_conversation.table import (
    Absent,
    Clause,
    Delete,
    Either,
    Equals,
    Exists,
    Less,
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
    Part,
    Task,
    TurnId,
    TurnRecord,
)
from libs.streaming.events import TurnEvent

META_WRITE: Final = 0
TURN_WRITE: Final = 1
MINUTE_MS: Final = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserved:
    """The message ids that T1 claims for a turn; the user's is the smaller."""

    user: MessageId
    assistant: MessageId


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
    turns_per_minute: int,
) -> list[Write]:
    """T1 live: no TURN → processing, attempt 1, with the user's message and the limit's count."""
    owned = {"status": "processing", "attempt": 1, "leaseUntil": now_ms + lease_ms}
    return _begin(
        turn,
        ids,
        owned,
        now_ms=now_ms,
        created_at=created_at,
        due_ms=now_ms + lease_ms,
        turns_per_minute=turns_per_minute,
    )


def begin_waiting(
    turn: CoachTurn,
    ids: Reserved,
    *,
    now_ms: int,
    created_at: str,
    wait_ms: int,
    turns_per_minute: int,
) -> list[Write]:
    """T1 attach or queued: no TURN → pending; attach expires, queued is due, after `wait_ms`."""
    unowned = {"status": "pending", "attempt": 0, "leaseUntil": 0}
    return _begin(
        turn,
        ids,
        unowned,
        now_ms=now_ms,
        created_at=created_at,
        due_ms=now_ms + wait_ms,
        turns_per_minute=turns_per_minute,
    )


def _begin(
    turn: CoachTurn,
    ids: Reserved,
    owner: Mapping[str, Any],
    *,
    now_ms: int,
    created_at: str,
    due_ms: int,
    turns_per_minute: int,
) -> list[Write]:
    ref = turn.conversation
    meta = Update(
        items.meta_key(ref),
        set={"activeTurn": turn.turn_id, "lastId": ids.assistant, **items.by_activity(ref, now_ms)},
        add={"messageCount": 1} if turn.replaces is None else {},
        when=(Exists(), Equals("coachId", ref.coach_id), Absent("activeTurn"), _in_order(turn, ids)),
    )
    superseded = turn.replaces.answer_id if turn.replaces is not None else None
    record = Put(
        items.turn_key(ref, turn.turn_id),
        {
            **({"supersedes": superseded} if superseded is not None else {}),
            "turnId": turn.turn_id,
            "coachId": ref.coach_id,
            "mode": turn.mode,
            **owner,
            "cancelRequested": False,
            "bodyHash": turn.body_hash,
            "userMessageId": ids.user,
            "assistantMessageId": ids.assistant,
            "loggedUpTo": 0,
            "createdAt": created_at,
            "ttl": now_ms // 1000 + items.TURN_TTL_S,
            **items.due_at(ref, turn.turn_id, due_ms),
        },
        when=(Absent("pk"),),
    )
    return [meta, record, *_said(turn, ids, created_at), *_counted(turn, now_ms, turns_per_minute)]


def _in_order(turn: CoachTurn, ids: Reserved) -> Clause:
    """New ids are greater than all before them; what is written anew must still be the last word."""
    if turn.replaces is not None:
        return Equals("lastId", turn.replaces.last_id)
    return Less("lastId", ids.user)


def _said(turn: CoachTurn, ids: Reserved, created_at: str) -> list[Write]:
    """Write the person's message; an answer that is written anew has its message already."""
    if turn.replaces is not None:
        return []
    message = Message(
        message_id=ids.user,
        role="user",
        parts=(Part("text", turn.text),),
        turn_id=turn.turn_id,
        status="complete",
        created_at=created_at,
        client_timestamp=turn.client_timestamp,
    )
    key = items.message_key(turn.conversation, ids.user)
    return [Put(key, items.message_item(message), when=(Absent("pk"),))]


def _counted(turn: CoachTurn, now_ms: int, turns_per_minute: int) -> list[Write]:
    """Count the turn against the person's limit; 0 means that there is none."""
    if turns_per_minute <= 0:
        return []
    key = items.rate_key(turn.conversation.user_id, now_ms // MINUTE_MS)
    room = Either((Absent("turns"), Less("turns", turns_per_minute)))
    return [Update(key, set={"ttl": now_ms // 1000 + items.RATE_TTL_S}, add={"turns": 1}, when=(room,))]


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
    return [
        Update(
            items.turn_key(record.conversation, record.turn_id),
            set=changes,
            when=(*_as_read(record), Equals("leaseUntil", record.lease_until_ms), Equals("loggedUpTo", 0)),
        )
    ]


def is_claimable(record: TurnRecord, *, now_ms: int, skew_ms: int) -> bool:
    """Whether nobody runs this turn and nothing of it was logged; what was logged is never said twice."""
    if record.status == "pending":
        return True
    run_out = record.lease_until_ms + skew_ms < now_ms
    return record.status == "processing" and run_out and record.logged_up_to == 0


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
        items.log_item(turn_id, first_number, events, now_ms),
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


def follow_ups_sent(ref: ConversationRef, turn_id: TurnId, tasks: Sequence[Task]) -> list[Write]:
    """Follow-ups sent: followUps as read → cleared, and nothing is due any more."""
    key = items.turn_key(ref, turn_id)
    cleared = ("followUps", "gsi1pk", "gsi1sk", "dueAt")
    return [Update(key, remove=cleared, when=(Equals("followUps", list(tasks)),))]


def task_done(ref: ConversationRef, turn_id: TurnId, task: Task, *, now_ms: int) -> list[Write]:
    """Task done: not done → done; in the transaction of the task's effect."""
    mark = done_mark(task)
    done = Update(
        items.turn_key(ref, turn_id),
        set={mark: iso(now_ms)},
        remove=(failed_mark(task),),
        when=(Exists(), Absent(mark)),
    )
    return [done]


def task_failed(ref: ConversationRef, turn_id: TurnId, task: Task, reason: str) -> list[Write]:
    """Task failed: not done → failed, with the reason; who redrives it may still have it done."""
    key = items.turn_key(ref, turn_id)
    return [Update(key, set={failed_mark(task): reason}, when=(Exists(), Absent(done_mark(task))))]


def done_mark(task: Task) -> str:
    """Return the attribute that says when the task was done."""
    return f"done_{task}"


def failed_mark(task: Task) -> str:
    """Return the attribute that says why the task was given up."""
    return f"failed_{task}"


def fold(record: TurnRecord, ending: Ending, reply: Message | None, *, now_ms: int) -> list[Write]:
    """Fold: lease run out, attempt and lease as read → interrupted, with what the log kept."""
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
    saved = Put(items.message_key(ref, reply.message_id), items.message_item(reply), when=(Absent("pk"),))
    gone = [Delete(items.message_key(ref, superseded))] if superseded is not None else []
    return [record, meta, saved, *gone]
