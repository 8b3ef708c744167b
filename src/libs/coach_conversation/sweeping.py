"""The sweeper: each minute, whatever is due and whose owner did not come."""

from contextlib import suppress
from typing import Final

from libs.coach_conversation import conversations, recovery
from libs.coach_conversation.errors import ConversationNotFound, StoreUnavailable
from libs.coach_conversation.kept import follow_ups, indexing, notes
from libs.coach_conversation.personal_data import erasure, tombstones
from libs.coach_conversation.ports import Ports
from libs.coach_conversation.store import items, transitions
from libs.coach_conversation.store.table import ConditionFailed, Item, Query
from libs.coach_conversation.types import (
    TERMINAL_STATUSES,
    CoachId,
    ConversationId,
    ConversationRef,
    TurnRecord,
    UserId,
)
from libs.memory.errors import MemoryUnavailable

BATCH: Final = 1_000
"""So many are looked at in one sweep: in half a minute, where each takes some 30 ms."""
AWAY: Final = 3
"""So many sends in a row that fail are a queue that is away; the rest is sent by the next sweep."""
SWEEP_S: Final = 240.0
"""What a sweep takes at most, of the 300 s that its function has; the next goes on with it."""
ERASURE_S: Final = 40.0
"""What of that the deletion of one person's data may take."""
MAX_ATTEMPTS: Final = 3
"""A queued turn whose workers died that often is folded: something about it kills them."""


def sweep(ports: Ports) -> int:
    """Settle all that is due: fold or expire turns, send them or their follow-ups again, finish deletions.

    The index is read eventually consistently and only names candidates; each turn is read again
    before it is judged, and each change has its condition. Returns how many items were due.

    Raises  StoreUnavailable: the due turns cannot be listed; one that cannot be settled waits its turn
    """
    now_ms, until_s = ports.clock.now_ms(), ports.clock.monotonic_s() + SWEEP_S
    due = ports.table.query(
        Query(pk=items.DUE, before=f"{now_ms:013d}", limit=BATCH, index=items.INDEX, consistent=False)
    )
    unsent = 0
    for item in sorted((one for one in due if not notes.is_note(one)), key=_haste):
        if ports.clock.monotonic_s() >= until_s:
            break
        is_sent = _haste(item) == SENT
        if is_sent and unsent == AWAY:
            continue
        try:
            _sweep_one(item, now_ms, ports)
        except StoreUnavailable:
            unsent += is_sent
        except (ConditionFailed, MemoryUnavailable):
            continue
        except Exception:  # noqa: BLE001 - one bad item must not keep the sweeper from all others
            ports.journal.unexpected("sweep item")
        else:
            unsent = 0
    noted = [notes.note_from(item) for item in due if notes.is_note(item)]
    indexing.settle_due(noted, ports, until_s=until_s)
    return len(due)


SETTLED, SENT, DELETED, ERASED = range(4)


def _haste(item: Item) -> int:
    """Return when it has its turn: somebody waits for a turn, a queue may be slow, a deletion take long."""
    if _is_erasure(item):
        return ERASED
    if not item["sk"].startswith("TURN#"):
        return DELETED
    return SENT if item["mode"] == "queued" or item["status"] in TERMINAL_STATUSES else SETTLED


def _is_erasure(item: Item) -> bool:
    """Whether it is a tombstone."""
    return bool(item["sk"] == tombstones.SORT_KEY)


def _sweep_one(item: Item, now_ms: int, ports: Ports) -> None:
    if _is_erasure(item):
        until_s = ports.clock.monotonic_s() + ERASURE_S
        erasure.go_on(erasure.erasure_from(item), ports, until_s=until_s)
        return
    ref = conversation_of(item)
    if item["sk"] == items.meta_key(ref).sk:
        with suppress(ConversationNotFound):
            conversations.delete(ref, ports)
        return
    found = items.turn_from(ref, item)
    record = recovery.find_turn(found.conversation, found.turn_id, ports)
    if record is None:
        return
    if record.is_terminal:
        if record.follow_ups:
            follow_ups.send(record.conversation, record.turn_id, record.follow_ups, ports)
        return
    if _can_run_again(record, now_ms, ports):
        send_again(record, now_ms, ports)
    else:
        recovery.settle(record, now_ms, ports)


def _can_run_again(record: TurnRecord, now_ms: int, ports: Ports) -> bool:
    """Whether a queued turn is to be sent once more: it waits, or its worker died before it said anything."""
    skew_ms = int(ports.limits.clock_skew_s * 1000)
    due = record.mode == "queued" and record.due_at_ms < now_ms and record.attempt < MAX_ATTEMPTS
    return due and transitions.is_claimable(record, now_ms=now_ms, skew_ms=skew_ms)


def send_again(record: TurnRecord, now_ms: int, ports: Ports) -> None:
    """Requeue: put the due time off, then send; a send that is lost is due again."""
    due_ms = now_ms + int(ports.limits.pending_s * 1000)
    # Under a token the SDK may send it twice: refused at the second time, it would not be sent on.
    ports.table.commit(transitions.requeue(record, due_ms=due_ms), token=ports.ulid(""))
    ports.queue.send_turn(record.conversation, record.turn_id)


def conversation_of(item: Item) -> ConversationRef:
    """Return the conversation whose partition the item lies in."""
    _, user_id, _, conversation_id = str(item["pk"]).split("#")
    return ConversationRef(UserId(user_id), CoachId(item["coachId"]), ConversationId(conversation_id))
