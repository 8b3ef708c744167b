"""Memories: what a person wants remembered. The item in the table is the truth; the person may change it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field

from libs.coach_conversation.errors import InvalidCursor, MemoryNotFound
from libs.coach_conversation.kept import extraction, indexing, notes
from libs.coach_conversation.kept.tools import ShortText, ToolInput, cut, tool_of
from libs.coach_conversation.ports import Ports, Tool
from libs.coach_conversation.store import items
from libs.coach_conversation.store.ids import is_ulid, iso
from libs.coach_conversation.store.table import (
    Absent,
    ConditionFailed,
    Delete,
    Exists,
    Item,
    Key,
    Put,
    Query,
    Table,
    Update,
    Write,
)
from libs.coach_conversation.types import CoachId, ConversationRef, Message, TurnRecord, UserId
from libs.memory.types import Importance, Memory, MemoryType, Recalled

MAX_CONTENT: Final = 2000
MAX_TAGS: Final = 5
READ: Final = 10
SEARCHED: Final = 30
RECALLED: Final = 5
PINNED: Final = 3
SNIPPET: Final = 200

type Content = Annotated[str, BeforeValidator(lambda value: cut(value, MAX_CONTENT)), Field(min_length=1)]
type Tags = Annotated[
    tuple[ShortText, ...],
    BeforeValidator(lambda value: value[:MAX_TAGS] if isinstance(value, list) else value),
    Field(max_length=MAX_TAGS),
]


class SavedMemory(ToolInput):
    """A memory as a model wrote it down."""

    content: Content
    type: MemoryType = "other"
    importance: Importance = "medium"
    is_coach_specific: bool = False
    tags: Tags = ()


@cache
def tool() -> Tool:
    members = ("content", "type", "importance")
    return tool_of("save_memory", "Write down what to remember.", SavedMemory, required=members)


@dataclass(frozen=True, slots=True)
class MemoryPage:
    """Some memories, latest first; `cursor` asks for those before them."""

    memories: tuple[Mapping[str, Any], ...]
    cursor: str | None


def effect(record: TurnRecord, said: Message, ports: Ports) -> list[Write]:
    """Extract what a message wants remembered and return the write that keeps it.

    The memory has the id of the message: the same message is never kept twice.

    Raises  ExtractionMalformed, ModelFailed
    """
    prompt = extraction.ask_about(said, system="memory_system", tool=tool(), model_id=ports.router_model_id)
    found = extraction.extract(SavedMemory, prompt, ports)
    ref, now = record.conversation, iso(ports.clock.now_ms())
    item = {
        **found.model_dump(by_alias=True, mode="json"),
        "memoryId": said.message_id,
        "coachId": ref.coach_id,
        "conversationId": ref.conversation_id,
        "turnId": record.turn_id,
        "createdAt": said.created_at,
        "updatedAt": now,
    }
    key = items.memory_key(ref.user_id, said.message_id)
    noted = notes.of(ref.user_id, [notes.memory_id(said.message_id)], ports)
    return [Put(key, item, when=(Absent("pk"),)), *noted]


def newest(user_id: UserId, table: Table, *, limit: int = READ) -> Sequence[Item]:
    """Return the items of the person's newest memories, newest first."""
    return table.query(Query(pk=items.person(user_id), prefix=items.MEMORIES, limit=limit, descending=True))


def for_coach(found: Sequence[Item], coach_id: CoachId) -> tuple[Memory, ...]:
    """Return those memories that this coach may use."""
    kept = map(items.memory_from, found)
    return tuple(one for one in kept if not one.is_coach_specific or one.coach_id == coach_id)


def receipt(recalled: Recalled) -> dict[str, Any]:
    """Return the memory as the `recall` event shows it."""
    return {
        "memoryId": recalled.memory.memory_id,
        "snippet": recalled.memory.content[:SNIPPET],
        "score": round(recalled.score, 3),
        "source": recalled.source,
    }


def lines(recalled: Sequence[Recalled]) -> str:
    """Return the memories as a model reads them, a line each."""
    memories = [one.memory for one in recalled]
    return "\n".join(
        f"- {one.created_at[:10]}, {one.type}: {' '.join(one.content.split())}" for one in memories
    )


def page(user_id: UserId, ports: Ports, *, before: str | None, limit: int) -> MemoryPage:
    """Return some of the person's memories, latest first. Raises InvalidCursor, StoreUnavailable."""
    if before is not None and not is_ulid(before):
        raise InvalidCursor("before is not a cursor of this service; leave it out to begin at the end")
    found = ports.table.query(
        Query(
            pk=items.person(user_id),
            prefix=items.MEMORIES,
            before=items.memory_key(user_id, before).sk if before is not None else None,
            limit=limit + 1,
            descending=True,
        )
    )
    shown = found[:limit]
    return MemoryPage(
        tuple(memory_json(item) for item in shown), shown[-1]["memoryId"] if len(found) > limit else None
    )


def correct(user_id: UserId, memory_id: str, changes: Mapping[str, Any], ports: Ports) -> dict[str, Any]:
    """Change a memory and return it as it is stored. Raises MemoryNotFound, StoreUnavailable."""
    key = items.memory_key(user_id, memory_id)
    changed = {**changes, "updatedAt": iso(ports.clock.now_ms())}
    _commit(Update(key, set=changed, when=(Exists(),)), user_id, memory_id, ports, says="content" in changes)
    return memory_json(_read(key, memory_id, ports))


def forget(user_id: UserId, memory_id: str, ports: Ports) -> None:
    """Delete a memory. Raises MemoryNotFound, StoreUnavailable."""
    write = Delete(items.memory_key(user_id, memory_id), when=(Exists(),))
    _commit(write, user_id, memory_id, ports, says=True)


def _commit(write: Write, user_id: UserId, memory_id: str, ports: Ports, *, says: bool) -> None:
    """Change a memory, and see to the index. `says`: it no longer says what was told."""
    writes = [write, *notes.of(user_id, [notes.memory_id(memory_id)], ports)]
    silenced = _silenced(user_id, memory_id, ports) if says and ports.vectors is not None else []
    try:
        ports.table.commit([*writes, *silenced])
    except ConditionFailed as failed:
        if 0 in failed.found:
            raise MemoryNotFound(memory_id) from None
        # The conversation has been deleted in between: there is no summary of it any more.
        _commit(write, user_id, memory_id, ports, says=False)
    else:
        indexing.settle_early([*writes, *silenced], ports)


def _silenced(user_id: UserId, memory_id: str, ports: Ports) -> list[Write]:
    """Return the writes that keep the summary of where a memory was told from other conversations."""
    key = items.memory_key(user_id, memory_id)
    item = _read(key, memory_id, ports)
    ref = ConversationRef(user_id, item["coachId"], item["conversationId"])
    meta = items.meta_key(ref)
    if meta not in ports.table.read([meta]):
        return []
    silenced = Update(meta, set={items.SILENCED: True}, when=(Exists(),))
    return [silenced, *notes.of(user_id, [notes.summary_id(ref)], ports)]


def _read(key: Key, memory_id: str, ports: Ports) -> Item:
    found = ports.table.read([key]).get(key)
    if found is None:
        raise MemoryNotFound(memory_id)
    return found


def memory_json(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return the memory as every route shows it."""
    return {name: value for name, value in item.items() if name not in ("pk", "sk")}
