"""Indexing: the vector index is made to say what the table says, again and again until it does."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Final

from libs.coach_conversation.errors import StoreUnavailable
from libs.coach_conversation.kept import entries, notes
from libs.coach_conversation.kept.notes import Note
from libs.coach_conversation.ports import Ports
from libs.coach_conversation.store.table import ConditionFailed, Write
from libs.coach_conversation.types import Message, TurnRecord, UserId
from libs.memory.errors import IndexUnavailable, MemoryUnavailable

TRIES: Final = 3
AWAY: Final = 2
"""So many refusals in a row are an index that is away, not a text that it does not take."""


def exchange_effect(record: TurnRecord, said: Message, ports: Ports) -> list[Write]:
    """Return the writes that have an exchange indexed, and the one whose answer it replaces forgotten."""
    ref = record.conversation
    answers = [record.assistant_message_id, *([record.supersedes] if record.supersedes is not None else [])]
    texts = [notes.exchange_id(ref, said.message_id, answer) for answer in answers]
    return notes.of(ref.user_id, texts, ports)


def settle_written(writes: Iterable[Write], ports: Ports) -> None:
    """Settle what some writes have noted; what cannot be settled now is due later."""
    for note in notes.written(writes):
        with suppress(MemoryUnavailable, StoreUnavailable):
            settle(note.user_id, note.text_id, ports)
            _take_away(note, ports)


def settle_early(writes: Iterable[Write], ports: Ports) -> None:
    """Settle what a person's own change has noted; the notes stay, for a second time.

    Whoever has read before the change, and writes a vector after this, has ended long before then.
    """
    with suppress(MemoryUnavailable, StoreUnavailable):
        for note in notes.written(writes):
            settle(note.user_id, note.text_id, ports)


def settle_due(due: Sequence[Note], ports: Ports, *, until_s: float) -> None:
    """Settle the notes that are due; once the index seems to be away, all are put off.

    Units   `until_s` on the clock's monotonic scale: what is left then stays due
    """
    failed = 0
    for note in due:
        if ports.clock.monotonic_s() >= until_s:
            return
        with suppress(StoreUnavailable, ConditionFailed):
            try:
                if failed >= AWAY:
                    raise IndexUnavailable("the index did not answer a moment ago")
                settle(note.user_id, note.text_id, ports)
                _take_away(note, ports)
            except MemoryUnavailable:
                failed += 1
                now_ms, pending_s = ports.clock.now_ms(), ports.limits.pending_s
                ports.table.commit(notes.put_off(note, now_ms=now_ms, pending_s=pending_s))


def settle(user_id: UserId, text_id: str, ports: Ports) -> None:
    """Make the index say of one text what the table says.

    The text is read again after it was written: whatever changed it meanwhile is written too.

    Raises  MemoryUnavailable, StoreUnavailable
    """
    if ports.vectors is None:
        raise IndexUnavailable("there is no longer an index")
    kind, _, name = text_id.partition(":")
    if kind == "conversation":
        ports.vectors.delete_conversation(user_id, name)
        return
    for _ in range(TRIES):
        entry = entries.read(user_id, text_id, ports.table)
        if entry is None:
            ports.vectors.delete(user_id, text_id)
            return
        ports.vectors.keep(user_id, entry.indexable)
        if entries.read(user_id, text_id, ports.table) == entry:
            return
    raise IndexUnavailable(f"{kind} changes faster than it can be indexed")


def _take_away(note: Note, ports: Ports) -> None:
    with suppress(ConditionFailed):
        ports.table.commit(notes.settled(note))
