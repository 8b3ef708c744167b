"""Notes: of which texts the vector index is not known to say what the table says.

A write of what can be found again and its note are one transaction. Whoever has made the index agree takes
the note away; where nobody came to it, the note is due, and the sweeper's.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from libs.coach_conversation.ports import Ports
from libs.coach_conversation.store import items
from libs.coach_conversation.store.table import Delete, Equals, Key, Put, Update, Write
from libs.coach_conversation.types import ConversationRef, MessageId, UserId

PREFIX: Final = "VEC#"
LONGEST_MS: Final = 6 * 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """That a text is to be looked at. Shape: `version` is another one for each note of the same text."""

    user_id: UserId
    text_id: str
    version: str
    noted_ms: int

    @property
    def key(self) -> Key:
        return Key(items.person(self.user_id), f"{PREFIX}{self.text_id}")


def memory_id(memory_id: str) -> str:
    return f"memory:{memory_id}"


def workout_id(workout_id: str) -> str:
    return f"workout:{workout_id}"


def summary_id(ref: ConversationRef) -> str:
    """Return the id of a conversation's summary: the newer one takes the place of the older."""
    return f"summary:{ref.conversation_id}"


def exchange_id(ref: ConversationRef, said: MessageId, answer: MessageId) -> str:
    return f"exchange:{ref.conversation_id}:{said}:{answer}"


def conversation_id(ref: ConversationRef) -> str:
    """Return what stands for all texts of a conversation: it is gone, and so must they be."""
    return f"conversation:{ref.conversation_id}"


def of(user_id: UserId, text_ids: Iterable[str], ports: Ports) -> list[Write]:
    """Return the writes that note these texts; none where there is no index."""
    if ports.vectors is None:
        return []
    now_ms = ports.clock.now_ms()
    due_ms = now_ms + int(ports.limits.pending_s * 1000)
    noted = [
        Note(user_id=user_id, text_id=text_id, version=ports.ulid(""), noted_ms=now_ms)
        for text_id in text_ids
    ]
    return [Put(note.key, _item(note, due_ms)) for note in noted]


def _item(note: Note, due_ms: int) -> dict[str, Any]:
    fixed = {"textId": note.text_id, "version": note.version, "notedAt": note.noted_ms}
    return {**fixed, **_due(note, due_ms)}


def _due(note: Note, due_ms: int) -> dict[str, Any]:
    return {"gsi1pk": items.DUE, "gsi1sk": f"{due_ms:013d}#{note.user_id}#{note.text_id}"}


def is_note(item: Mapping[str, Any]) -> bool:
    return str(item["sk"]).startswith(PREFIX)


def note_from(item: Mapping[str, Any]) -> Note:
    return Note(
        user_id=UserId(str(item["pk"]).removeprefix(items.person(UserId("")))),
        text_id=item["textId"],
        version=item["version"],
        noted_ms=int(item["notedAt"]),
    )


def written(writes: Iterable[Write]) -> list[Note]:
    """Return the notes among some writes."""
    puts = [write for write in writes if isinstance(write, Put) and write.key.sk.startswith(PREFIX)]
    return [note_from({**put.item, "pk": put.key.pk}) for put in puts]


def settled(note: Note) -> list[Write]:
    """Settled: the note as read → gone; a newer one about the same text stays."""
    return [Delete(note.key, when=(Equals("version", note.version),))]


def put_off(note: Note, *, now_ms: int, pending_s: float) -> list[Write]:
    """Put off: the note as read → due again, each time after twice as long."""
    wait_ms = min(max(now_ms - note.noted_ms, int(pending_s * 1000)), LONGEST_MS)
    later = _due(note, now_ms + wait_ms)
    return [Update(note.key, set=later, when=(Equals("version", note.version),))]
