"""The tombstone of a person: it says that all of their data is being deleted, and when that was over.

It lies apart from what it is about, under a digest of the person's id. While it stands, the transactions
that begin, end or keep anything of this person are refused. Once all is gone, the id is taken out of it,
and it refuses only what began before: a process that stood still cannot bring anything back.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from libs.coach_conversation import ids, items
from libs.coach_conversation.table import (
    Absent,
    Check,
    ConditionFailed,
    Either,
    Equals,
    Item,
    Key,
    Less,
    Update,
    Write,
)
from libs.coach_conversation.types import UserId

SORT_KEY: Final = "TOMBSTONE"
NEVER_MS: Final = 10**15
KEPT_S: Final = 3600
"""Longer than any process can have stood still."""


def key(user_id: UserId) -> Key:
    return Key(f"GONE#{ids.person_digest(user_id)}", SORT_KEY)


def unless_deleted(user_id: UserId, *, began_ms: int) -> Check:
    """Return what refuses a transaction of whoever began before all of the person's data was gone.

    Units   `began_ms` since the epoch, by the clock of whoever writes
    """
    return Check(key(user_id), when=(Either((Absent("pk"), Less("opensAt", began_ms + 1))),))


def refused(failed: ConditionFailed, writes: Sequence[Write]) -> bool:
    """Whether it was a tombstone that refused these writes."""
    return any(writes[position].key.sk == SORT_KEY for position in failed.found)


def is_deleting(item: Mapping[str, Any] | None) -> bool:
    return item is not None and item["opensAt"] == NEVER_MS


def begin(user_id: UserId, *, now_ms: int, due_ms: int) -> list[Write]:
    """Begin: none, or one of the past → all is being deleted, due for the sweeper at `due_ms`."""
    at = key(user_id)
    standing: Item = {
        "userId": user_id,
        "since": now_ms,
        "opensAt": NEVER_MS,
        "gsi1pk": items.DUE,
        "gsi1sk": f"{due_ms:013d}#{at.pk}",
    }
    when = (Either((Absent("pk"), Less("opensAt", NEVER_MS))),)
    return [Update(at, set=standing, remove=("ttl",), when=when)]


def end(user_id: UserId, *, since_ms: int, now_ms: int) -> list[Write]:
    """End: all is being deleted, since as read → all is gone; nothing in it names the person any more."""
    kept = {"opensAt": now_ms, "ttl": now_ms // 1000 + KEPT_S}
    named = ("userId", "gsi1pk", "gsi1sk")
    when = (Equals("since", since_ms), Equals("opensAt", NEVER_MS))
    return [Update(key(user_id), set=kept, remove=named, when=when)]
