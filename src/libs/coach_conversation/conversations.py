"""Conversations and their history."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from libs.coach_conversation import items
from libs.coach_conversation.errors import CoachConfigNotFound, ConversationNotFound, InvalidCursor
from libs.coach_conversation.ids import is_ulid, iso
from libs.coach_conversation.ports import Ports
from libs.coach_conversation.table import Absent, ConditionFailed, Put, Query, Write
from libs.coach_conversation.types import CoachId, ConversationId, ConversationRef, Message, UserId

MAX_PAGE = 100


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Some messages, oldest first; `cursor` asks for those before them, None at the beginning."""

    messages: tuple[Message, ...]
    cursor: str | None


def create(user_id: UserId, coach_id: CoachId, ports: Ports) -> ConversationRef:
    """Begin an empty conversation with one of the person's coaches.

    Whoever has no starter coach yet gets it with their first conversation.

    Raises  CoachConfigNotFound, StoreUnavailable
    """
    key = items.coach_key(user_id, coach_id)
    writes: list[Write] = []
    now_ms = ports.clock.now_ms()
    if key not in ports.table.read([key]):
        writes.append(Put(key, _starter(coach_id, ports), when=(Absent("pk"),)))
    ref = ConversationRef(user_id, coach_id, ConversationId(ports.ulid("")))
    meta = {
        "conversationId": ref.conversation_id,
        "coachId": coach_id,
        "lastId": "",
        "messageCount": 0,
        "createdAt": iso(now_ms),
        "schemaVersion": items.SCHEMA_VERSION,
        **items.by_activity(ref, now_ms),
    }
    writes.append(Put(items.meta_key(ref), meta, when=(Absent("pk"),)))
    try:
        ports.table.commit(writes, token=ref.conversation_id)
    except ConditionFailed:
        # Someone else gave this person the coach in between; the conversation itself is new.
        ports.table.commit(writes[-1:])
    return ref


def _starter(coach_id: CoachId, ports: Ports) -> Mapping[str, Any]:
    starter = ports.starter_coach
    if starter is None or starter["coachId"] != coach_id:
        raise CoachConfigNotFound(f"there is no coach {coach_id!r}; create it first")
    return starter


def history(ref: ConversationRef, ports: Ports, *, before: str | None, limit: int) -> HistoryPage:
    """Return a page of the conversation's messages; pages are stable while messages arrive.

    Raises  ConversationNotFound, InvalidCursor, StoreUnavailable
    """
    if before is not None and not is_ulid(before):
        raise InvalidCursor("before is not a cursor of this service; leave it out to begin at the end")
    meta = ports.table.read([items.meta_key(ref)]).get(items.meta_key(ref))
    if meta is None or meta["coachId"] != ref.coach_id:
        raise ConversationNotFound(
            f"there is no conversation {ref.conversation_id!r} with coach {ref.coach_id!r}"
        )
    found = ports.table.query(
        Query(
            pk=items.partition(ref),
            prefix="M#",
            before=f"M#{before}" if before is not None else None,
            limit=limit + 1,
            descending=True,
        )
    )
    page = tuple(items.message_from(item) for item in reversed(found[:limit]))
    return HistoryPage(page, page[0].message_id if len(found) > limit else None)
