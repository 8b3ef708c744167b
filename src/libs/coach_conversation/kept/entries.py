"""Entries: what of a person's items can be found again by its meaning, as the table has it now.

A text's id in the index names the items that it is made of, always in the partition of the person who asks.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from libs.coach_conversation.kept import summaries, workout_lines
from libs.coach_conversation.store import items
from libs.coach_conversation.store.ids import is_ulid
from libs.coach_conversation.store.table import Item, Key, Table
from libs.coach_conversation.types import CoachId, ConversationId, ConversationRef, Message, MessageId, UserId
from libs.memory.ports import IndexedType
from libs.memory.tokens import terms
from libs.memory.types import Memory
from libs.memory.vectors import CONVERSATION, Indexable

MAX_QUESTION: Final = 2000
MAX_ANSWER: Final = 4000
MAX_HINT: Final = 300
TELLING: Final = 3
"""Words that say something; a message with fewer, such as "and then?", is known by its answer only."""
GIVEN: Final = "given"
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A text that can be found again.

    Shape   `text_id` its id in the index, `item_id` that of the item for people; `conversation_id` where it
            was said, None where it outlives that; `messages` the ids of those that say it; `given` the
            memories, by `told`, that it may repeat: without one of them it is not used any more;
            `gist` the part that its vector stands for, all of it where that is empty
    """

    text_id: str
    item_id: str
    type: IndexedType
    text: str
    coach_id: str
    created_at: str
    conversation_id: str | None = None
    messages: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    gist: str = ""
    memory: Memory | None = None

    @property
    def indexable(self) -> Indexable:
        """The entry as the index keeps it."""
        of_memory = (
            {"memoryType": self.memory.type, "importance": self.memory.importance} if self.memory else {}
        )
        said_in = {CONVERSATION: self.conversation_id} if self.conversation_id is not None else {}
        given = {GIVEN: " ".join(self.given)} if self.given else {}
        return Indexable(
            id=self.text_id,
            type=self.type,
            text=self.text,
            gist=self.gist or self.text,
            wording=self.memory.type if self.memory else self.type,
            metadata={
                "coachId": self.coach_id,
                "createdAt": self.created_at,
                **of_memory,
                **said_in,
                **given,
            },
        )


def told(memory: Memory) -> str:
    """Return the name of a memory as it is worded now."""
    digest = hashlib.sha256(memory.content.encode("utf-8", "replace")).hexdigest()
    return f"{memory.memory_id}@{digest[:12]}"


def is_as_told(name: str, user_id: UserId, found: Mapping[Key, Item]) -> bool:
    """Whether the memory that `told` named is among the items, and still says the same."""
    item = found.get(key_of_told(name, user_id))
    return item is not None and told(items.memory_from(item)) == name


def key_of_told(name: str, user_id: UserId) -> Key:
    return items.memory_key(user_id, name.partition("@")[0])


def keys(user_id: UserId, text_id: str) -> tuple[Key, ...]:
    """Return the keys of the items that the text is made of; none for an id that is not one of ours."""
    match text_id.split(":"):
        case ["memory", memory_id] if is_ulid(memory_id):
            return (items.memory_key(user_id, memory_id),)
        case ["workout", workout_id]:
            key = items.workout_key_of(user_id, workout_id)
            return (key,) if key is not None else ()
        case ["summary", conversation] if _ID.fullmatch(conversation):
            return (items.meta_key(_ref(user_id, conversation)),)
        case ["exchange", conversation, said, answer] if (
            _ID.fullmatch(conversation) and is_ulid(said) and is_ulid(answer)
        ):
            ref = _ref(user_id, conversation)
            messages = (items.message_key(ref, MessageId(one)) for one in (said, answer))
            return (items.meta_key(ref), *messages)
        case _:
            return ()


def read(user_id: UserId, text_id: str, table: Table) -> Entry | None:
    """Return the entry as it is stored, None where there is nothing to find. Raises StoreUnavailable."""
    wanted = keys(user_id, text_id)
    return entry_from(user_id, text_id, table.read(wanted)) if wanted else None


def entry_from(user_id: UserId, text_id: str, found: Mapping[Key, Item]) -> Entry | None:
    """Return the entry that these items make; None where one of them is gone, or they say nothing."""
    wanted = keys(user_id, text_id)
    if not wanted or not all(key in found for key in wanted):
        return None
    stored = [found[key] for key in wanted]
    make = {"memory": _memory, "workout": _workout, "summary": _summary, "exchange": _exchange}
    entry = make[text_id.partition(":")[0]](text_id, stored)
    return entry if entry is not None and entry.text.strip() else None


def _memory(text_id: str, stored: list[Item]) -> Entry:
    memory = items.memory_from(stored[0])
    return Entry(
        text_id=text_id,
        item_id=memory.memory_id,
        type="memory",
        text=memory.content,
        coach_id=memory.coach_id,
        created_at=memory.created_at,
        messages=(memory.memory_id,),
        memory=memory,
    )


def _workout(text_id: str, stored: list[Item]) -> Entry:
    workout = stored[0]
    return Entry(
        text_id=text_id,
        item_id=workout["workoutId"],
        type="workout",
        text=workout_lines.lines([workout]),
        coach_id=workout["coachId"],
        created_at=workout["completedAt"],
    )


def _summary(text_id: str, stored: list[Item]) -> Entry | None:
    meta = stored[0]
    summary = summaries.summary_from(meta)
    if summary is None or items.SILENCED in meta or not _is_there(meta):
        return None
    return Entry(
        text_id=text_id,
        item_id=meta["conversationId"],
        type="summary",
        text=summaries.text_of(summary),
        coach_id=meta["coachId"],
        created_at=meta["createdAt"],
        conversation_id=meta["conversationId"],
        given=tuple(meta.get("summaryGiven", ())),
    )


def _exchange(text_id: str, stored: list[Item]) -> Entry | None:
    meta, *messages = stored
    said, answer = map(items.message_from, messages)
    if answer.status != "complete" or not _is_there(meta):
        return None
    return Entry(
        text_id=text_id,
        item_id=answer.message_id,
        type="exchange",
        text=_text(said, answer, MAX_ANSWER),
        coach_id=meta["coachId"],
        created_at=said.created_at,
        conversation_id=meta["conversationId"],
        messages=(said.message_id, answer.message_id),
        given=answer.given,
        gist=_gist(said, answer),
    )


def _is_there(meta: Item) -> bool:
    """Whether the conversation is not being deleted: then its coach's id is none."""
    return _ID.fullmatch(meta["coachId"]) is not None


def _text(said: Message, answer: Message, characters: int) -> str:
    """Return question and answer as one text, with so much of the answer."""
    return f"{said.model_text[:MAX_QUESTION].strip()}\n{answer.model_text[:characters].strip()}".strip()


def _gist(said: Message, answer: Message) -> str:
    """Return what an exchange is searched by: people ask for what they said, and a vector of all is near to
    nothing.
    """
    question = said.model_text[:MAX_QUESTION].strip()
    return question if len(terms(question)) >= TELLING else _text(said, answer, MAX_HINT)


def _ref(user_id: UserId, conversation_id: str) -> ConversationRef:
    return ConversationRef(user_id, CoachId(""), ConversationId(conversation_id))
