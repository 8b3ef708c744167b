"""Coaches: who a person's coach is, as that person set them up."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from libs.coach_conversation.errors import CoachConfigNotFound, DataBeingDeleted, InvalidCursor
from libs.coach_conversation.personal_data import tombstones
from libs.coach_conversation.ports import Ports
from libs.coach_conversation.store import items
from libs.coach_conversation.store.table import ConditionFailed, Item, Put, Query
from libs.coach_conversation.types import CoachConfig, CoachId, UserId
from libs.streaming.path_params import is_id


@dataclass(frozen=True, slots=True)
class CoachPage:
    """Some of a person's coaches, by their ids; `next_id` asks for those after them."""

    coaches: tuple[CoachConfig, ...]
    next_id: CoachId | None


def page(user_id: UserId, ports: Ports, *, after: str | None, limit: int) -> CoachPage:
    """Return some of the person's coaches, the starter coach among them.

    Raises  InvalidCursor, StoreUnavailable
    """
    if after is not None and not is_id(after):
        raise InvalidCursor("after is not a cursor of this service; leave it out to begin at the start")
    found = ports.table.query(
        Query(
            pk=items.person(user_id),
            prefix=items.COACHES,
            after=items.coach_key(user_id, CoachId(after)).sk if after is not None else None,
            limit=limit + 1,
        )
    )
    coaches = _with_starter(found, after or "", ports)
    shown = tuple(items.coach_from(item) for item in coaches[:limit])
    return CoachPage(shown, shown[-1].coach_id if len(coaches) > limit else None)


def _with_starter(found: list[Item], after: str, ports: Ports) -> list[Mapping[str, Any]]:
    """Put the starter coach in its place among those after `after`, unless the person has changed it."""
    starter = ports.starter_coach
    if starter is None or starter["coachId"] <= after:
        return [*found]
    by_id = {starter["coachId"]: starter} | {item["coachId"]: item for item in found}
    return [by_id[coach_id] for coach_id in sorted(by_id)]


def find(user_id: UserId, coach_id: CoachId, ports: Ports) -> CoachConfig:
    """Return the coach; the starter coach is there for everybody, changed or not.

    Raises  CoachConfigNotFound, StoreUnavailable
    """
    key = items.coach_key(user_id, coach_id)
    found = ports.table.read([key]).get(key)
    return items.coach_from(found if found is not None else starter(coach_id, ports))


def starter(coach_id: CoachId, ports: Ports) -> Mapping[str, Any]:
    """Return the item of the starter coach. Raises CoachConfigNotFound for any other."""
    coach = ports.starter_coach
    if coach is None or coach["coachId"] != coach_id:
        raise CoachConfigNotFound(f"there is no coach {coach_id!r}; create it with PUT on its address")
    return coach


def save(user_id: UserId, coach: CoachConfig, ports: Ports) -> None:
    """Write the coach's configuration, new or changed; running turns keep what they have read.

    Raises  DataBeingDeleted, StoreUnavailable
    """
    key = tombstones.key(user_id)
    guard = tombstones.unless_deleted_since(user_id, ports.table.read([key]).get(key))
    try:
        ports.table.commit([Put(items.coach_key(user_id, coach.coach_id), items.coach_item(coach)), guard])
    except ConditionFailed:
        raise DataBeingDeleted from None
