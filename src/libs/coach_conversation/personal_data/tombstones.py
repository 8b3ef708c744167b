"""The tombstone of a person: it says that all of their data is being deleted, and that it once was.

It lies apart from what it is about, under a digest of the person's id, and holds the id itself only while
the deletion goes on. That is when it refuses the transactions that begin, save or keep anything. What is
left of it for an hour counts the deletions: whoever began to write before one is refused after it too,
so a process that stood still cannot bring anything back. No clock is compared.
"""

from collections.abc import Sequence
from typing import Final, TypeGuard

from libs.coach_conversation.errors import DataBeingDeleted
from libs.coach_conversation.store import ids, items
from libs.coach_conversation.store.table import (
    Absent,
    Check,
    ConditionFailed,
    Equals,
    Item,
    Key,
    Update,
    Write,
)
from libs.coach_conversation.types import UserId

SORT_KEY: Final = "TOMBSTONE"
KEPT_S: Final = 3600
"""Longer than any process can have stood still."""


def key(user_id: UserId) -> Key:
    return Key(f"GONE#{ids.person_digest(user_id)}", SORT_KEY)


def is_deleting(tombstone: Item | None) -> TypeGuard[Item]:
    return tombstone is not None and "userId" in tombstone


def unless_deleting(user_id: UserId) -> Check:
    """Return what refuses a transaction while all is being deleted.

    It is enough for writes that need something which the deletion takes away, a turn or a conversation.
    """
    return Check(key(user_id), when=(Absent("userId"),))


def unless_deleted_since(user_id: UserId, tombstone: Item | None) -> Check:
    """Return what refuses a transaction once all is being deleted, or was, since the tombstone was read.

    Raises  DataBeingDeleted: it stood already
    """
    if is_deleting(tombstone):
        raise DataBeingDeleted
    as_read = Absent("pk") if tombstone is None else Equals("times", tombstone["times"])
    return Check(key(user_id), when=(Absent("userId"), as_read))


def refused(failed: ConditionFailed, writes: Sequence[Write]) -> bool:
    """Whether it was a tombstone that refused these writes."""
    return any(writes[position].key.sk == SORT_KEY for position in failed.found)


def begin(user_id: UserId, tombstone: Item | None, *, now_ms: int, due_ms: int) -> tuple[Item, list[Write]]:
    """Begin: none, or one of the past, as read → all is being deleted, due for the sweeper at `due_ms`."""
    at = key(user_id)
    standing: Item = {
        "userId": user_id,
        "since": now_ms,
        "times": tombstone["times"] + 1 if tombstone is not None else 1,
        "gsi1pk": items.DUE,
        "gsi1sk": f"{due_ms:013d}#{at.pk}",
    }
    return standing, [
        Update(at, set=standing, remove=("ttl",), when=unless_deleted_since(user_id, tombstone).when)
    ]


def end(user_id: UserId, *, times: int, now_ms: int) -> list[Write]:
    """End: this deletion goes on → all is gone; nothing in the tombstone names the person any more."""
    named = ("userId", "gsi1pk", "gsi1sk")
    when = (Equals("userId", user_id), Equals("times", times))
    return [Update(key(user_id), set={"ttl": now_ms // 1000 + KEPT_S}, remove=named, when=when)]
