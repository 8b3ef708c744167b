"""Admission: T1, and what it means when T1 is refused. Nothing costs anything before it has committed."""

from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from libs.coach_conversation import context, recovery
from libs.coach_conversation.errors import (
    ConversationBusy,
    ConversationNotFound,
    DataBeingDeleted,
    IdempotencyKeyReused,
    InvalidUserResponse,
    StoreUnavailable,
)
from libs.coach_conversation.personal_data import tombstones
from libs.coach_conversation.ports import Ports
from libs.coach_conversation.recovery import find_turn
from libs.coach_conversation.store import allowance, ids, items, transitions
from libs.coach_conversation.store.beginning import META_WRITE, Reserved
from libs.coach_conversation.store.ids import iso
from libs.coach_conversation.store.table import Check, ConditionFailed, Item, Write
from libs.coach_conversation.store.transitions import Lease
from libs.coach_conversation.types import (
    Background,
    CoachTurn,
    ConversationRef,
    Limits,
    MessageId,
    Mode,
    Replaced,
    TurnId,
    TurnRecord,
)

MAX_TRIES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """A turn that is durable and ours to run."""

    turn: CoachTurn
    lease: Lease
    ids: Reserved
    background: Future[Background]
    created_at: str
    started_s: float


def admit(turn: CoachTurn, ports: Ports) -> Admitted | TurnRecord:
    """Commit T1 live beside the reads; a duplicate is answered with the record of the turn that exists.

    Raises  ConversationNotFound, ConversationBusy, RateLimited, BudgetExceeded, IdempotencyKeyReused,
            DataBeingDeleted, StoreUnavailable: nothing was acknowledged; the same key may be tried again
    """
    started_s = ports.clock.monotonic_s()
    background = begin_reads(turn.conversation, ports)
    begun = _in_time(replace(turn, mode="live"), ports)
    if isinstance(begun, TurnRecord):
        return begun
    if not begun.at_once:
        # What was in the way of the first try, a turn that died, has its answer in the history only now.
        background = begin_reads(turn.conversation, ports)
    return Admitted(
        turn=turn,
        lease=Lease(turn.conversation, turn.turn_id, 1),
        ids=begun.reserved,
        background=background,
        created_at=begun.created_at,
        started_s=started_s,
    )


def enqueue(turn: CoachTurn, mode: Mode, ports: Ports) -> TurnRecord:
    """Commit T1 attach or queued: the turn waits for whoever claims it. Raises as `admit`."""
    begun = _in_time(replace(turn, mode=mode), ports)
    if isinstance(begun, TurnRecord):
        return begun
    record = find_turn(turn.conversation, turn.turn_id, ports)
    if record is None:
        raise StoreUnavailable("the message could not be read back; send it again")
    return record


def begin_reads(ref: ConversationRef, ports: Ports) -> Future[Background]:
    """Begin to read what an answer needs; a job brings all that it needs along."""
    if ref.is_hidden:
        nothing: Future[Background] = Future()
        nothing.set_result(Background(coach=None, profile={}, history=()))
        return nothing
    history_items = ports.limits.history_items
    return ports.executor.submit(lambda: context.load(ref, ports.table, history_items=history_items))


@dataclass(frozen=True, slots=True)
class _Begun:
    """A committed T1; `at_once` when its first try was."""

    reserved: Reserved
    created_at: str
    at_once: bool


def _in_time(turn: CoachTurn, ports: Ports) -> _Begun | TurnRecord:
    committing = ports.executor.submit(lambda: _begin(turn, ports))
    try:
        return committing.result(timeout=ports.limits.store_timeout_s)
    except FutureTimeout:
        committing.cancel()  # what waits for a thread must not store what nobody was promised
        raise StoreUnavailable("the message could not be stored in time; send it again") from None


def _begin(turn: CoachTurn, ports: Ports) -> _Begun | TurnRecord:
    """Try T1; draw ids anew, or fold a turn that died, as often as it makes sense."""
    last_id, guard = "", _guard(turn, ports)
    for tried in range(MAX_TRIES):
        now_ms = ports.clock.now_ms()
        reserved = _reserve(turn, last_id, ports)
        counted = allowance.asked(turn.conversation.user_id, now_ms, ports.limits)
        writes = [*_writes(turn, reserved, now_ms, ports.limits), *counted, guard]
        try:
            ports.table.commit(writes, token=reserved.assistant)
        except ConditionFailed as failed:
            existing = _refused(turn, reserved, failed, writes, now_ms, ports)
            if existing == reserved:
                return _Begun(reserved, iso(now_ms), at_once=tried == 0)
            if isinstance(existing, TurnRecord):
                return existing
            last_id = _last_id(failed)
            continue
        except StoreUnavailable:
            record = find_turn(turn.conversation, turn.turn_id, ports)
            if record is None or record.assistant_message_id != reserved.assistant:
                raise
        return _Begun(reserved, iso(now_ms), at_once=tried == 0)
    raise StoreUnavailable("others are writing to this conversation; send the message again")


def _reserve(turn: CoachTurn, last_id: str, ports: Ports) -> Reserved:
    if turn.replaces is not None:
        after = max(last_id, turn.replaces.last_id)
        return Reserved(user=turn.replaces.said.message_id, assistant=MessageId(ports.ulid(after)))
    user_id = ports.ulid(last_id)
    return Reserved(user=MessageId(user_id), assistant=MessageId(ports.ulid(user_id)))


def _guard(turn: CoachTurn, ports: Ports) -> Check:
    """Return what lets T1 overlook no tombstone; a job's conversation could begin even after one.

    Raises  DataBeingDeleted, StoreUnavailable
    """
    user_id = turn.conversation.user_id
    if not turn.conversation.is_hidden:
        return tombstones.unless_deleting(user_id)
    key = tombstones.key(user_id)
    return tombstones.unless_deleted_since(user_id, ports.table.read([key]).get(key))


def _writes(turn: CoachTurn, reserved: Reserved, now_ms: int, limits: Limits) -> list[Write]:
    if turn.mode == "live":
        return transitions.begin_live(
            turn,
            reserved,
            now_ms=now_ms,
            created_at=iso(now_ms),
            lease_ms=int(limits.lease_s * 1000),
        )
    return transitions.begin_waiting(
        turn,
        reserved,
        now_ms=now_ms,
        created_at=iso(now_ms),
        wait_ms=int(limits.pending_s * 1000),
    )


def _last_id(failed: ConditionFailed) -> str:
    meta = failed.found.get(META_WRITE)
    return str(meta["lastId"]) if meta else ""


def _refused(
    turn: CoachTurn,
    reserved: Reserved,
    failed: ConditionFailed,
    writes: Sequence[Write],
    now_ms: int,
    ports: Ports,
) -> TurnRecord | Reserved | None:
    """Decide what a cancelled T1 means, in this order; None: try once more, the ids: it was ours."""
    existing = find_turn(turn.conversation, turn.turn_id, ports)
    if existing is not None:
        ours = existing.assistant_message_id == reserved.assistant
        return reserved if ours else same_request(turn, existing)
    if tombstones.refused(failed, writes):
        raise DataBeingDeleted
    meta = failed.found.get(META_WRITE)
    if META_WRITE in failed.found and (meta is None or meta["coachId"] != turn.conversation.coach_id):
        raise ConversationNotFound(
            f"there is no conversation {turn.conversation.conversation_id!r} with coach "
            f"{turn.conversation.coach_id!r}; create it with POST …/conversations"
        )
    if (used_up := allowance.refusal(failed, writes, now_ms)) is not None:
        raise used_up
    if meta is not None:
        _make_way(turn.conversation, meta, now_ms, ports)
        if turn.replaces is not None and meta["lastId"] != turn.replaces.last_id:
            raise InvalidUserResponse("more was said since; only the latest answer can be regenerated")
    return None


def same_request(turn: CoachTurn, existing: TurnRecord) -> TurnRecord:
    """Return the turn that this key names. Raises IdempotencyKeyReused for another text."""
    if existing.body_hash != turn.body_hash:
        raise IdempotencyKeyReused(
            "this idempotency key was used for another message; use a new key for a new message"
        )
    return existing


def _make_way(ref: ConversationRef, meta: Item, now_ms: int, ports: Ports) -> None:
    """End the conversation's active turn if nobody runs it any more. Raises ConversationBusy."""
    active = meta.get("activeTurn")
    if active is None:
        return
    record = find_turn(ref, TurnId(active), ports)
    if record is None:
        with suppress(ConditionFailed):
            ports.table.commit(transitions.forget(ref, TurnId(active)))
        return
    if record.is_terminal:
        return
    if not recovery.settle(record, now_ms, ports):
        raise ConversationBusy(record.turn_id)


def idempotent_turn(
    ref: ConversationRef,
    *,
    key: str,
    text: str,
    client_timestamp: str | None,
    client_message_id: str | None,
) -> CoachTurn:
    """Return the turn that this request asks for; the same key names the same turn."""
    return CoachTurn(
        conversation=ref,
        turn_id=TurnId(ids.turn_id(ref.user_id, ref.conversation_id, key)),
        body_hash=ids.body_hash(ref.coach_id, text),
        text=text,
        client_timestamp=client_timestamp,
        client_message_id=client_message_id,
    )


def claim(record: TurnRecord, ports: Ports) -> Admitted | None:
    """Take over a turn that nobody runs; None when it is not to be had, or someone was faster.

    Raises  StoreUnavailable
    """
    started_s, now_ms = ports.clock.monotonic_s(), ports.clock.now_ms()
    skew_ms = int(ports.limits.clock_skew_s * 1000)
    if not transitions.is_claimable(record, now_ms=now_ms, skew_ms=skew_ms):
        return None
    ref = record.conversation
    key, chat_key = items.message_key(ref, record.user_message_id), items.chat_key(ref, record.turn_id)
    found = ports.table.read([key, chat_key] if ref.is_hidden else [key])
    if key not in found:
        return None
    try:
        writes = transitions.claim(record, now_ms=now_ms, lease_ms=int(ports.limits.lease_s * 1000))
        ports.table.commit([*writes, tombstones.unless_deleting(ref.user_id)])
    except ConditionFailed:
        return None
    message = items.message_from(found[key])
    turn = CoachTurn(
        conversation=ref,
        turn_id=record.turn_id,
        body_hash=record.body_hash,
        text=message.content,
        client_timestamp=message.client_timestamp,
        mode=record.mode,
        replaces=Replaced(message, record.supersedes, "") if record.supersedes else None,
        chat=items.chat_from(found[chat_key], message) if chat_key in found else None,
    )
    return Admitted(
        turn=turn,
        lease=Lease(ref, record.turn_id, record.attempt + 1),
        ids=Reserved(user=record.user_message_id, assistant=record.assistant_message_id),
        background=begin_reads(ref, ports),
        created_at=message.created_at,
        started_s=started_s,
    )
