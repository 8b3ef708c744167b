"""What a message of the queue asks of the worker: ids only, checked before anything is done for them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from libs.coach_conversation.types import (
    NO_COACH,
    CoachId,
    ConversationId,
    ConversationRef,
    Task,
    TurnId,
    UserId,
)
from libs.streaming.path_params import is_id

type Work = Task | Literal["turn"]

QUEUED_TURN: Final = "turn"
WORKS: Final[Mapping[str, Work]] = {name: name for name in (QUEUED_TURN, *get_args(Task.__value__))}


class MessageMalformed(ValueError):
    """A message that nobody here has sent; no delivery of it will ever be of use."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which work, for which turn."""

    work: Work
    conversation: ConversationRef
    turn_id: TurnId


def asked(body: str) -> Asked:
    """Return what the body of a message asks for. Raises MessageMalformed."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MessageMalformed("the body of a message is not JSON") from error
    if not isinstance(found, dict):
        raise MessageMalformed("the body of a message is not an object")
    work = WORKS.get(str(found.get("task", QUEUED_TURN)))
    if work is None:
        raise MessageMalformed("a message asks for work that nobody here knows")
    coach_id = NO_COACH if found.get("coachId") == NO_COACH else CoachId(_id(found, "coachId"))
    ref = ConversationRef(
        UserId(_id(found, "userId")), coach_id, ConversationId(_id(found, "conversationId"))
    )
    return Asked(work, ref, TurnId(_id(found, "turnId")))


def _id(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    if not isinstance(value, str) or not is_id(value):
        raise MessageMalformed(f"{name} of a message is not an id")
    return value
