"""Admission: T1, and what it means when T1 is refused. Nothing costs anything before it has committed."""

from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from typing import Final

from libs.coach_conversation import context, ids, items, recovery, transitions
from libs.coach_conversation.errors import (
    ConversationBusy,
    ConversationNotFound,
    IdempotencyKeyReused,
    RateLimited,
    StoreUnavailable,
)
from libs.coach_conversation.ids import iso
from libs.coach_conversation.ports import Ports
from libs.coach_conversation.table import ConditionFailed, Item
from libs.coach_conversation.transitions import META_WRITE, RATE_WRITE, Lease, Reserved
from libs.coach_conversation.types import (
    Background,
    CoachTurn,
    ConversationRef,
    MessageId,
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
    """Commit T1 beside the reads; a duplicate is answered with the record of the turn that exists.

    Raises  ConversationNotFound, ConversationBusy, RateLimited, IdempotencyKeyReused,
            StoreUnavailable: nothing was acknowledged; the same key may be tried again
    """
    started_s = ports.clock.monotonic_s()
    background = ports.executor.submit(
        lambda: context.load(turn.conversation, ports.table, history_items=ports.limits.history_items)
    )
    committing = ports.executor.submit(lambda: _begin(turn, ports, background, started_s))
    try:
        return committing.result(timeout=ports.limits.store_timeout_s)
    except FutureTimeout:
        raise StoreUnavailable("the message could not be stored in time; send it again") from None


def _begin(
    turn: CoachTurn, ports: Ports, background: Future[Background], started_s: float
) -> Admitted | TurnRecord:
    """Try T1; draw ids anew, or fold a turn that died, as often as it makes sense."""
    last_id = ""
    for _ in range(MAX_TRIES):
        now_ms = ports.clock.now_ms()
        user_id = ports.ulid(last_id)
        reserved = Reserved(user=MessageId(user_id), assistant=MessageId(ports.ulid(user_id)))
        writes = transitions.begin_live(
            turn,
            reserved,
            now_ms=now_ms,
            created_at=iso(now_ms),
            lease_ms=int(ports.limits.lease_s * 1000),
            turns_per_minute=ports.limits.turns_per_minute,
        )
        try:
            ports.table.commit(writes, token=user_id)
        except ConditionFailed as failed:
            existing = _refused(turn, failed, now_ms, ports)
            if existing is not None:
                return existing
            last_id = _last_id(failed)
            continue
        except StoreUnavailable:
            if not _arrived(turn, reserved, ports):
                raise
        return Admitted(
            turn=turn,
            lease=Lease(turn.conversation, turn.turn_id, 1),
            ids=reserved,
            background=background,
            created_at=iso(now_ms),
            started_s=started_s,
        )
    raise ConversationBusy(turn.turn_id)


def _arrived(turn: CoachTurn, reserved: Reserved, ports: Ports) -> bool:
    """Settle an unknown outcome: T1 happened if TURN is there with the ids that it reserved."""
    record = find_turn(turn.conversation, turn.turn_id, ports)
    return record is not None and record.user_message_id == reserved.user


def _last_id(failed: ConditionFailed) -> str:
    meta = failed.found.get(META_WRITE)
    return str(meta["lastId"]) if meta else ""


def _refused(turn: CoachTurn, failed: ConditionFailed, now_ms: int, ports: Ports) -> TurnRecord | None:
    """Decide what a cancelled T1 means, in this order; None: try once more."""
    existing = find_turn(turn.conversation, turn.turn_id, ports)
    if existing is not None:
        return same_request(turn, existing)
    meta = failed.found.get(META_WRITE)
    if META_WRITE in failed.found and (meta is None or meta["coachId"] != turn.conversation.coach_id):
        raise ConversationNotFound(
            f"there is no conversation {turn.conversation.conversation_id!r} with coach "
            f"{turn.conversation.coach_id!r}; create it with POST …/conversations"
        )
    if RATE_WRITE in failed.found:
        elapsed_ms = now_ms % transitions.MINUTE_MS
        raise RateLimited(retry_after_s=max(1, (transitions.MINUTE_MS - elapsed_ms) // 1000))
    if meta is not None:
        _make_way(turn.conversation, meta, now_ms, ports)
    return None


def same_request(turn: CoachTurn, existing: TurnRecord) -> TurnRecord:
    """Return the turn that this key names. Raises IdempotencyKeyReused for another text."""
    if existing.body_hash != turn.body_hash:
        raise IdempotencyKeyReused(
            "this idempotency key was used for another message; use a new key for a new message"
        )
    return existing


def _make_way(ref: ConversationRef, meta: Item, now_ms: int, ports: Ports) -> None:
    """Fold the conversation's active turn if whoever ran it is gone. Raises ConversationBusy."""
    active = meta.get("activeTurn")
    if active is None:
        return
    record = find_turn(ref, TurnId(active), ports)
    if record is None or record.is_terminal:
        return
    if not recovery.is_abandoned(record, now_ms, ports.limits):
        raise ConversationBusy(record.turn_id)
    recovery.fold(record, ports)


def find_turn(ref: ConversationRef, turn_id: TurnId, ports: Ports) -> TurnRecord | None:
    """Return the TURN item as it stands now, or None."""
    key = items.turn_key(ref, turn_id)
    item = ports.table.read([key]).get(key)
    return items.turn_from(ref, item) if item is not None else None


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
