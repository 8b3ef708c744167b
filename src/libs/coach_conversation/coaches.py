"""Coaches: who a person's coach is, as that person set them up."""

from collections.abc import Mapping
from typing import Any

from libs.coach_conversation.errors import CoachConfigNotFound, DataBeingDeleted
from libs.coach_conversation.personal_data import tombstones
from libs.coach_conversation.ports import Ports
from libs.coach_conversation.store import items
from libs.coach_conversation.store.table import ConditionFailed, Put
from libs.coach_conversation.types import CoachConfig, CoachId, UserId


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
