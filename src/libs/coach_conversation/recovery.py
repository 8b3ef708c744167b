"""Recovery: settle turns that nobody runs, and clear what is due; nothing here calls a model."""

from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from libs.coach_conversation import reply
from libs.coach_conversation.errors import ModelStreamInterrupted, TurnCancelled
from libs.coach_conversation.ports import Ports
from libs.coach_conversation.store import items, log_items, transitions
from libs.coach_conversation.store.ids import iso
from libs.coach_conversation.store.table import ConditionFailed, Query
from libs.coach_conversation.types import (
    ConversationRef,
    Ending,
    Limits,
    Message,
    MessageStatus,
    TurnId,
    TurnRecord,
)
from libs.streaming.events import TurnEvent

INTERRUPTED: Final = "the answer broke off before its end; what was kept of it is saved"
NEVER_BEGAN: Final = "nobody came to hear this answer in time; send the message again"
LOG_PAGE: Final = 1000
LOOK_AGAIN_S: Final = (0.02, 0.1, 0.4)


def find_turn(ref: ConversationRef, turn_id: TurnId, ports: Ports) -> TurnRecord | None:
    """Return the TURN item as it stands now, or None."""
    key = items.turn_key(ref, turn_id)
    item = ports.table.read([key]).get(key)
    return items.turn_from(ref, item) if item is not None else None


def messages(record: TurnRecord, ports: Ports) -> dict[str, Message]:
    """Return the turn's messages, by their ids; an answer that another has replaced as its log still has it.

    DynamoDB shows a transaction that is being committed item by item: where the record tells of an answer
    that is not there yet, one looks again.
    """
    ids = (record.user_message_id, record.assistant_message_id)
    keys = [items.message_key(record.conversation, message_id) for message_id in ids]
    for pause_s in (*LOOK_AGAIN_S, None):
        found = ports.table.read(keys)
        if keys[1] in found or not record.has_reply or pause_s is None:
            break
        ports.clock.sleep(pause_s)
    kept = [items.message_from(item) for item in found.values()]
    if keys[1] not in found and (replaced := _as_logged(record, ports)) is not None:
        kept.append(replaced)
    return {message.message_id: message for message in kept}


def _as_logged(record: TurnRecord, ports: Ports) -> Message | None:
    """Return the answer as it was saved, from the log; None where there was none, or the log has expired."""
    if record.answered_at is None:
        return None
    events, _ = logged(record, ports)
    if len(events) < record.logged_up_to:
        return None
    status: MessageStatus = "complete" if record.status == "completed" else "partial"
    return _answer(record, events, status, record.answered_at)


def _answer(
    record: TurnRecord, events: Iterable[tuple[int, TurnEvent]], status: MessageStatus, created_at: str
) -> Message | None:
    """Return what was told as the turn's answer; None where nothing was said."""
    parts = reply.fold(event for _, event in events)
    if not parts:
        return None
    return Message(
        message_id=record.assistant_message_id,
        role="assistant",
        parts=parts,
        turn_id=record.turn_id,
        status=status,
        created_at=created_at,
    )


def is_abandoned(record: TurnRecord, now_ms: int, limits: Limits) -> bool:
    """Whether the lease of a turn that someone ran has run out, with the skew that clocks may have."""
    live = not record.is_terminal and record.status != "pending"
    return live and record.lease_until_ms + limits.clock_skew_s * 1000 < now_ms


def settle(record: TurnRecord, now_ms: int, ports: Ports) -> bool:
    """End a turn that nobody runs any more; False while someone runs it or may still come for it."""
    if is_abandoned(record, now_ms, ports.limits):
        fold(record, ports)
        return True
    if record.status == "pending" and record.mode == "attach" and record.due_at_ms < now_ms:
        expire(record, ports)
        return True
    return False


type Log = tuple[list[tuple[int, TurnEvent]], str | None]


def logged(record: TurnRecord, ports: Ports, *, after_key: str | None = None) -> Log:
    """Return the numbered events in the log entries after `after_key`, in order, and the last key.

    Entries past their ttl do not count: DynamoDB deletes them when it has time.
    """
    prefix = f"EV#{record.turn_id}#"
    now_s = ports.clock.now_ms() // 1000
    found: list[tuple[int, TurnEvent]] = []
    while True:
        page = ports.table.query(
            Query(pk=items.partition(record.conversation), prefix=prefix, after=after_key, limit=LOG_PAGE)
        )
        found += log_items.events_from(item for item in page if item["ttl"] > now_s)
        after_key = page[-1]["sk"] if page else after_key
        if len(page) < LOG_PAGE:
            return found, after_key


def fold(record: TurnRecord, ports: Ports) -> None:
    """End an abandoned turn as interrupted, with what its log kept; the second to fold changes nothing."""
    now_ms = ports.clock.now_ms()
    events, _ = logged(record, ports)
    message = _answer(record, events, "partial", iso(now_ms))
    with suppress(ConditionFailed):
        ports.table.commit(transitions.fold(record, _interrupted(INTERRUPTED), message, now_ms=now_ms))


def expire(record: TurnRecord, ports: Ports) -> None:
    """End a turn that waited for a reader in vain."""
    with suppress(ConditionFailed):
        writes = transitions.expire(record, _interrupted(NEVER_BEGAN), now_ms=ports.clock.now_ms())
        ports.table.commit(writes)


def _interrupted(message: str) -> Ending:
    return Ending(
        status="interrupted",
        error_code=ModelStreamInterrupted.code,
        error_message=message,
        retryable=True,
    )


def cancel(record: TurnRecord, ports: Ports) -> None:
    """Cancel a turn, whoever runs it; one that has ended stays as it is.

    A pending turn is over at once; for a live one its owner is told, and saves what was said.

    Raises  ConditionFailed: the turn went on in between; read it again
    """
    if record.is_terminal:
        return
    if record.status != "pending":
        ports.table.commit(transitions.cancel_running(record))
        return
    ending = Ending(status="cancelled", error_code=TurnCancelled.code, error_message="the answer was stopped")
    ports.table.commit(transitions.cancel_pending(record, ending, now_ms=ports.clock.now_ms()))
