"""Conversations: begin, list, show, read, delete."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from libs.coach_conversation import coaches, recovery
from libs.coach_conversation.errors import ConversationNotFound, DataBeingDeleted, InvalidCursor, TurnNotFound
from libs.coach_conversation.kept import indexing, notes
from libs.coach_conversation.personal_data import removal, tombstones
from libs.coach_conversation.ports import Ports
from libs.coach_conversation.store import items
from libs.coach_conversation.store.ids import is_ulid, iso
from libs.coach_conversation.store.table import (
    Absent,
    ConditionFailed,
    Delete,
    Equals,
    Item,
    Put,
    Query,
    Update,
    Write,
)
from libs.coach_conversation.types import CoachId, ConversationId, ConversationRef, Message, TurnId, UserId

MAX_PAGE: Final = 100
DELETION_DUE_MS: Final = 60_000
DELETED_COACH: Final = "#deleted"
"""No coach id holds a `#`, so every check of the coach finds a conversation that is being deleted gone."""


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Some messages, oldest first; `cursor` asks for those before them, None at the beginning."""

    messages: tuple[Message, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class ConversationPage:
    """Some conversations, latest activity first; `cursor` asks for those after them."""

    conversations: tuple[Mapping[str, Any], ...]
    cursor: str | None


def create(user_id: UserId, coach_id: CoachId, ports: Ports) -> ConversationRef:
    """Begin an empty conversation with one of the person's coaches.

    Whoever has no starter coach yet gets it with their first conversation.

    Raises  CoachConfigNotFound, DataBeingDeleted, StoreUnavailable
    """
    key, tombstone = items.coach_key(user_id, coach_id), tombstones.key(user_id)
    found = ports.table.read([key, tombstone])
    now_ms = ports.clock.now_ms()
    given: list[Write] = []
    if key not in found:
        given.append(Put(key, coaches.starter(coach_id, ports), when=(Absent("pk"),)))
    ref = ConversationRef(user_id, coach_id, ConversationId(ports.ulid("")))
    meta = items.meta_item(ref, now_ms=now_ms, created_at=iso(now_ms))
    begun: list[Write] = [
        Put(items.meta_key(ref), meta, when=(Absent("pk"),)),
        Put(items.entry_key(ref), items.entry_item(ref, now_ms)),
        tombstones.unless_deleted_since(user_id, found.get(tombstone)),
    ]
    if not _begun([*begun, *given], ports, token=ref.conversation_id):
        # Someone else gave this person the coach in between. Or an earlier try arrived and its answer was
        # lost: the id is new, so a conversation that is there already is this one.
        _begun(begun, ports)
    return ref


def _begun(writes: list[Write], ports: Ports, *, token: str | None = None) -> bool:
    """Write; False where something is there already. Raises DataBeingDeleted."""
    try:
        ports.table.commit(writes, token=token)
    except ConditionFailed as failed:
        if tombstones.refused(failed, writes):
            raise DataBeingDeleted from None
        return False
    return True


def show(ref: ConversationRef, ports: Ports) -> Mapping[str, Any]:
    """Return the conversation as JSON. Raises ConversationNotFound, StoreUnavailable."""
    return meta_json(require(ref, ports))


def require(ref: ConversationRef, ports: Ports) -> Item:
    """Return the META item. Raises ConversationNotFound, StoreUnavailable."""
    key = items.meta_key(ref)
    meta = ports.table.read([key]).get(key)
    if meta is None or meta["coachId"] != ref.coach_id:
        raise ConversationNotFound(
            f"there is no conversation {ref.conversation_id!r} with coach {ref.coach_id!r}"
        )
    return meta


def check_deleted(ref: ConversationRef, turn_id: TurnId, ports: Ports) -> None:
    """Accept that a turn is not there where its conversation is not either: it was deleted.

    Raises  TurnNotFound: only the turn is missing; StoreUnavailable
    """
    try:
        require(ref, ports)
    except ConversationNotFound:
        return
    raise TurnNotFound(turn_id)


def meta_json(meta: Mapping[str, Any]) -> dict[str, Any]:
    shown = {
        "conversationId": meta["conversationId"],
        "coachId": meta["coachId"],
        "messageCount": meta["messageCount"],
        "createdAt": meta["createdAt"],
        "lastActivityAt": iso(int(meta["gsi1sk"].split("#")[2])),
        "activeTurnId": meta.get("activeTurn"),
    }
    return {name: value for name, value in shown.items() if value is not None}


def history(ref: ConversationRef, ports: Ports, *, before: str | None, limit: int) -> HistoryPage:
    """Return a page of the conversation's messages; pages are stable while messages arrive.

    Raises  ConversationNotFound, InvalidCursor, StoreUnavailable
    """
    if before is not None and not is_ulid(before):
        raise InvalidCursor("before is not a cursor of this service; leave it out to begin at the end")
    require(ref, ports)
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


def page(
    user_id: UserId, coach_id: CoachId, ports: Ports, *, before: str | None, limit: int
) -> ConversationPage:
    """Return some of the person's conversations with this coach.

    Shape   `before` and the cursor are `<last activity in ms>.<conversationId>`
    Raises  InvalidCursor, StoreUnavailable
    """
    prefix = f"K#{coach_id}#"
    found = ports.table.query(
        Query(
            pk=items.person(user_id),
            prefix=prefix,
            before=f"{prefix}{_position(before)}" if before is not None else None,
            limit=limit + 1,
            descending=True,
            index=items.INDEX,
            consistent=False,
        )
    )
    shown = found[:limit]
    more = len(found) > limit
    cursor = shown[-1]["gsi1sk"].removeprefix(prefix).replace("#", ".") if more else None
    return ConversationPage(tuple(meta_json(meta) for meta in shown), cursor)


def all_of(
    user_id: UserId, ports: Ports, *, after: ConversationId | None = None
) -> Iterator[ConversationRef]:
    """Yield all conversations that a person has, shown or not, in the order in which they were begun."""
    behind = f"{items.CONVERSATIONS}{after}" if after is not None else None
    while True:
        entries = ports.table.query(
            Query(pk=items.person(user_id), prefix=items.CONVERSATIONS, after=behind, limit=MAX_PAGE)
        )
        for entry in entries:
            behind = entry["sk"]
            yield ConversationRef(user_id, CoachId(entry["coachId"]), ConversationId(entry["conversationId"]))
        if len(entries) < MAX_PAGE:
            return


def _position(cursor: str) -> str:
    activity_ms, _, conversation_id = cursor.partition(".")
    if (
        len(activity_ms) != 13
        or not activity_ms.isascii()
        or not activity_ms.isdigit()
        or not is_ulid(conversation_id)
    ):
        raise InvalidCursor("before is not a cursor of this service; leave it out to begin at the start")
    return f"{activity_ms}#{conversation_id}"


def delete(ref: ConversationRef, ports: Ports) -> None:
    """Delete the conversation with all that is in it; deleting again what is half deleted goes on.

    Its running turn is cancelled first. From the first write on nobody finds it any more, and a turn
    that is still running cannot save into it. Should this process not come to the end, the sweeper does.

    Raises  ConversationNotFound, StoreUnavailable
    """
    key = items.meta_key(ref)
    meta = ports.table.read([key]).get(key)
    if meta is None or meta["coachId"] not in (ref.coach_id, DELETED_COACH):
        raise ConversationNotFound(f"there is no conversation {ref.conversation_id!r}")
    remove(ref, meta, ports)
    indexing.settle_early(notes.of(ref.user_id, [notes.conversation_id(ref)], ports), ports)


def remove(ref: ConversationRef, meta: Mapping[str, Any], ports: Ports) -> None:
    """Delete the conversation that has this META, hidden or not; what is indexed of it is left to its note.

    Raises  StoreUnavailable
    """
    key = items.meta_key(ref)
    _cancel_active(ref, meta, ports)
    with suppress(ConditionFailed):
        hidden = Update(
            key,
            set={
                "coachId": DELETED_COACH,
                **items.deletion_due_at(ref, ports.clock.now_ms() + DELETION_DUE_MS),
            },
            remove=("activeTurn",),
            when=(Equals("coachId", ref.coach_id),),
        )
        ports.table.commit([hidden])
    while found := _others(ref, ports):
        removal.delete(found, ports.table)
    noted = notes.of(ref.user_id, [notes.conversation_id(ref)], ports)
    ports.table.commit([Delete(key), Delete(items.entry_key(ref)), *noted])


def _others(ref: ConversationRef, ports: Ports) -> list[Item]:
    """Return some items of the conversation; META, which says that it is being deleted, stays till last."""
    found = ports.table.query(Query(pk=items.partition(ref), limit=removal.BATCH + 1))
    return [item for item in found if item["sk"] != "META"]


def _cancel_active(ref: ConversationRef, meta: Mapping[str, Any], ports: Ports) -> None:
    active = meta.get("activeTurn")
    record = recovery.find_turn(ref, TurnId(active), ports) if active is not None else None
    if record is not None:
        with suppress(ConditionFailed):
            recovery.cancel(record, ports)
