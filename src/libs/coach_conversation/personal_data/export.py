"""Export: all that is kept of a person, a page at a time.

The order is that of the keys: first what lies beside conversations, then each conversation in the order in
which they were begun, its own record first. Keys never change: what was there when the export began, and
still is at its end, is in it exactly once, whatever arrives meanwhile.
"""

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

from libs.coach_conversation import conversations
from libs.coach_conversation.endings import message_json
from libs.coach_conversation.errors import InvalidCursor
from libs.coach_conversation.personal_data import erasure
from libs.coach_conversation.ports import Ports
from libs.coach_conversation.store import items
from libs.coach_conversation.store.table import Item, Query
from libs.coach_conversation.types import CoachId, ConversationId, ConversationRef, UserId
from libs.streaming.path_params import ID_PATTERN

type Record = dict[str, Any]
type Kind = Literal[
    "coach", "memory", "profile", "workout", "conversation", "message", "summary", "turn", "chat"
]

BATCH: Final = 25
MAX_BYTES: Final = 1_000_000
"""A page ends with the record that reaches this; a record is an item, which is at most 400 KB."""
MAX_READS: Final = 40
_LAST: Final = "\U0010ffff"
_BEGINNING: Final = "!"
_BEHIND_RECORD: Final = "!!"
_PLACE: Final = re.compile(rf"((?:{ID_PATTERN})?)/([!-~{_LAST}]{{1,200}})")
_INTERNAL: Final = frozenset({"pk", "sk", "gsi1pk", "gsi1sk", "ttl"})
_SKIPPED: Final = frozenset({"CONV", "EV", "META", "RATE", "SPENT", "VEC"})
"""Entries and META are shown as the conversation, the log as messages; counts and notes say nothing."""
_OUTCOME: Final = (
    "turnId",
    "status",
    "mode",
    "createdAt",
    "userMessageId",
    "assistantMessageId",
    "stopReason",
    "errorCode",
    "errorMessage",
    "usage",
    "timings",
)


@dataclass(frozen=True, slots=True)
class ExportPage:
    """Some records, each with its `kind`; `next` asks for those after them, None at the end."""

    records: tuple[Record, ...]
    next: str | None


class _Place(NamedTuple):
    """How far an export has come: after a sort key, beside conversations ("") or in one of them."""

    conversation_id: str
    sk: str


type _Step = tuple[_Place, Record | None]


def page(user_id: UserId, ports: Ports, *, after: str | None, limit: int) -> ExportPage:
    """Return the next records; a page may be short, even empty, and not be the last.

    Raises  InvalidCursor, DataBeingDeleted, StoreUnavailable
    """
    place = _place(after) if after is not None else _Place("", _BEGINNING)
    erasure.refuse(user_id, ports)
    records: list[Record] = []
    size = reads = 0
    for reached, record in _walk(user_id, place, ports):
        if record is None:
            reads += 1
        else:
            records.append(record)
            size += len(json.dumps(record, ensure_ascii=False).encode())
        if len(records) >= limit or size >= MAX_BYTES or reads >= MAX_READS:
            return ExportPage(tuple(records), _cursor(reached))
    return ExportPage(tuple(records), None)


def _walk(user_id: UserId, place: _Place, ports: Ports) -> Iterator[_Step]:
    """Yield every record after the place with its own; without one where the store was asked."""
    begun = place.conversation_id
    if not begun:
        for sk, record in _partition(items.person(user_id), place.sk, ports):
            yield _Place("", sk), record
    else:
        yield from _conversation(user_id, place, ports)
    for ref in conversations.all_of(user_id, ports, after=ConversationId(begun) if begun else None):
        yield from _conversation(user_id, _Place(ref.conversation_id, _BEGINNING), ports)


def _conversation(user_id: UserId, place: _Place, ports: Ports) -> Iterator[_Step]:
    """Yield the rest of a conversation; nothing of one that is gone, or being deleted."""
    ref = ConversationRef(user_id, CoachId(""), ConversationId(place.conversation_id))
    key = items.meta_key(ref)
    meta = ports.table.read([key]).get(key)
    if meta is None or meta["coachId"] == conversations.DELETED_COACH:
        yield place._replace(sk=_LAST), None
        return
    if place.sk == _BEGINNING:
        place = place._replace(sk=_BEHIND_RECORD)
        yield place, _conversation_record(meta)
    for sk, record in _partition(key.pk, place.sk, ports):
        within = {"conversationId": place.conversation_id}
        yield place._replace(sk=sk), record | within if record is not None else None


def _partition(pk: str, after: str, ports: Ports) -> Iterator[tuple[str, Record | None]]:
    """Yield the partition's records after a sort key, skipping kinds that are not exported."""
    while True:
        found = ports.table.query(Query(pk=pk, after=after, limit=BATCH))
        yield after, None
        for item in found:
            after = item["sk"]
            kind = after.partition("#")[0]
            if kind in _SKIPPED:
                after = f"{kind}#{_LAST}"
                break
            yield after, _record(kind, item)
        else:
            if len(found) < BATCH:
                return


def _record(kind: str, item: Item) -> Record:
    name, shown = _KINDS.get(kind, (kind.lower(), _visible))
    return {"kind": name, **shown(item)}


def _visible(item: Mapping[str, Any]) -> Record:
    return {name: value for name, value in item.items() if name not in _INTERNAL}


def _coach(item: Mapping[str, Any]) -> Record:
    return items.coach_item(items.coach_from(item))


def _message(item: Mapping[str, Any]) -> Record:
    return message_json(items.message_from(item))


def _turn(item: Mapping[str, Any]) -> Record:
    return {name: item[name] for name in _OUTCOME if name in item}


def _conversation_record(meta: Mapping[str, Any]) -> Record:
    names = ("conversationId", "coachId", "messageCount", "createdAt")
    return {"kind": "conversation", **{name: meta[name] for name in names if name in meta}}


_KINDS: Final[Mapping[str, tuple[Kind, Callable[[Mapping[str, Any]], Record]]]] = {
    "COACH": ("coach", _coach),
    "MEM": ("memory", _visible),
    "PROFILE": ("profile", _visible),
    "WKT": ("workout", _visible),
    "M": ("message", _message),
    "SUM": ("summary", _visible),
    "CHAT": ("chat", _visible),
    "TURN": ("turn", _turn),
}


def _cursor(place: _Place) -> str:
    return base64.urlsafe_b64encode("/".join(place).encode()).decode().rstrip("=")


def _place(cursor: str) -> _Place:
    """Return the place; it names no person, so a cursor of somebody else's shows one's own data only."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except ValueError:
        text = ""
    found = _PLACE.fullmatch(text)
    if found is None:
        raise InvalidCursor("after is not a cursor of this service; leave it out to begin at the start")
    return _Place(found[1], found[2])
