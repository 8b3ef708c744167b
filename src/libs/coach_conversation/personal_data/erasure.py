"""Erasure: delete all that is kept of a person, until a pass over it finds nothing.

The tombstone comes first, so nothing new can come in behind the pass. Conversations go before what is
kept of the person beside them, because the effect of a follow-up needs its turn: once that is gone,
nothing can add a memory any more. Whoever is killed on the way leaves the rest to the sweeper.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from libs.coach_conversation import conversations
from libs.coach_conversation.errors import DataBeingDeleted
from libs.coach_conversation.personal_data import removal, tombstones
from libs.coach_conversation.ports import Ports
from libs.coach_conversation.store import items
from libs.coach_conversation.store.table import ConditionFailed, Item, Query
from libs.coach_conversation.types import ConversationRef, UserId

DUE_MS: Final = 45_000
"""When the sweeper comes for it: whoever was asked to delete is done by then, or gives up before."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """A deletion of all of a person's data that goes on, the person's `times`-th.

    Units   `since_ms` since the epoch
    """

    user_id: UserId
    since_ms: int
    times: int


def find(user_id: UserId, ports: Ports) -> Erasure | None:
    """Return the erasure that goes on; None when there is none. Raises StoreUnavailable."""
    key = tombstones.key(user_id)
    item = ports.table.read([key]).get(key)
    return erasure_from(item) if tombstones.is_deleting(item) else None


def erasure_from(tombstone: Item) -> Erasure:
    return Erasure(UserId(tombstone["userId"]), tombstone["since"], tombstone["times"])


def refuse(user_id: UserId, ports: Ports) -> None:
    """Refuse whoever comes while all is being deleted. Raises DataBeingDeleted, StoreUnavailable."""
    if find(user_id, ports) is not None:
        raise DataBeingDeleted


def begin(user_id: UserId, ports: Ports) -> Erasure:
    """Put up the tombstone, or find the one that stands. Raises StoreUnavailable."""
    key = tombstones.key(user_id)
    tombstone = ports.table.read([key]).get(key)
    while not tombstones.is_deleting(tombstone):
        now_ms = ports.clock.now_ms()
        standing, writes = tombstones.begin(user_id, tombstone, now_ms=now_ms, due_ms=now_ms + DUE_MS)
        try:
            ports.table.commit(writes)
        except ConditionFailed as failed:
            tombstone = failed.found[0]
        else:
            tombstone = standing
    return erasure_from(tombstone)


def go_on(erasure: Erasure, ports: Ports, *, until_s: float) -> bool:
    """Delete until nothing is left; False when time is up before that.

    The vector index comes last: whoever writes into it looks afterwards whether the text is still there.

    Units   `until_s` on the clock's monotonic scale
    Raises  StoreUnavailable, MemoryUnavailable: what was deleted is gone, and the tombstone stands
    """
    for _ in _steps(erasure.user_id, ports):
        if ports.clock.monotonic_s() >= until_s:
            return False
    if ports.vectors is not None:
        ports.vectors.delete_all(erasure.user_id)
    with suppress(ConditionFailed):
        ended = tombstones.end(erasure.user_id, times=erasure.times, now_ms=ports.clock.now_ms())
        ports.table.commit(ended)
    return True


def _steps(user_id: UserId, ports: Ports) -> Iterator[None]:
    """Delete a little at a time, as long as there is something."""
    while True:
        found = False
        for ref in conversations.all_of(user_id, ports):
            found = True
            _remove(ref, ports)
            yield
        while beside := _beside(user_id, ports):
            found = True
            removal.delete(beside, ports.table)
            yield
        if not found:
            return


def _remove(ref: ConversationRef, ports: Ports) -> None:
    key = items.meta_key(ref)
    meta = ports.table.read([key]).get(key, {})
    conversations.remove(ref, meta, ports)


def _beside(user_id: UserId, ports: Ports) -> list[Item]:
    """Return some of what is kept of the person beside conversations; their entries go with them."""
    found = ports.table.query(Query(pk=items.person(user_id), limit=removal.BATCH))
    return [item for item in found if not item["sk"].startswith(items.CONVERSATIONS)]
