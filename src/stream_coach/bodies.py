"""What clients may send, as pydantic models, and the turn that comes of it."""

import json
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from libs.coach_conversation.errors import InvalidCoachConfig, InvalidTimestamp, InvalidUserResponse
from libs.coach_conversation.types import CoachConfig, CoachId

MAX_KEY_CHARACTERS: Final = 255

type ShortTexts = Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], Field(max_length=20)]


class TurnBody(BaseModel):
    """The body of a message to a coach. Units: `userResponse` at most 16 KB of UTF-8."""

    model_config = ConfigDict(alias_generator=to_camel, frozen=True, extra="ignore", strict=True)

    user_response: Annotated[str, Field(description="What the person says.")]
    message_timestamp: Annotated[
        str | None, Field(description="ISO 8601; for display only, the order is the server's.")
    ] = None
    client_message_id: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=MAX_KEY_CHARACTERS,
            description="Names this message; the same again never asks a model twice.",
        ),
    ] = None


class CoachBody(BaseModel):
    """A coach's configuration, as its person writes it."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, str_strip_whitespace=True)

    name: Annotated[str, Field(min_length=1, max_length=60)]
    persona: Annotated[str, Field(min_length=1, max_length=2000)]
    specialities: ShortTexts = []
    style: Annotated[str, Field(max_length=1000)] = ""
    goals: ShortTexts = []
    limits: ShortTexts = []


def parse_coach(body: dict[str, Any], coach_id: CoachId) -> CoachConfig:
    """Return the checked configuration. Raises InvalidCoachConfig."""
    try:
        coach = CoachBody.model_validate(body)
    except ValidationError as error:
        raise InvalidCoachConfig(_fault(error)[1]) from None
    return CoachConfig(
        coach_id=coach_id,
        name=coach.name,
        persona=coach.persona,
        specialities=tuple(coach.specialities),
        style=coach.style,
        goals=tuple(coach.goals),
        limits=tuple(coach.limits),
    )


def parse_mode(body: dict[str, Any]) -> Literal["attach", "queued"]:
    """Return how the turn is to be run. Raises InvalidUserResponse."""
    match body.get("mode", "attach"):
        case "attach":
            return "attach"
        case "queued":
            return "queued"
        case _:
            raise InvalidUserResponse("mode is neither 'attach' nor 'queued'")


def parse_turn(body: dict[str, Any], *, max_bytes: int) -> TurnBody:
    """Return the checked body. Raises InvalidUserResponse, InvalidTimestamp."""
    try:
        turn = TurnBody.model_validate(body)
    except ValidationError as error:
        raise _first_fault(error) from None
    size = len(turn.user_response.encode())
    if not turn.user_response.strip():
        raise InvalidUserResponse("userResponse is empty; send what the person says")
    if size > max_bytes:
        raise InvalidUserResponse(f"userResponse has {size} bytes; send at most {max_bytes}")
    if turn.message_timestamp is not None:
        _check_timestamp(turn.message_timestamp)
    return turn


def _first_fault(error: ValidationError) -> InvalidUserResponse | InvalidTimestamp:
    name, text = _fault(error)
    return InvalidTimestamp(text) if name == "messageTimestamp" else InvalidUserResponse(text)


def _fault(error: ValidationError) -> tuple[str, str]:
    """Return the field of the first fault, and the fault in words; never what was sent."""
    fault = error.errors(include_input=False, include_url=False)[0]
    name = str(fault["loc"][0]) if fault["loc"] else "the body"
    return name, f"{name}: {fault['msg'].lower()}"


def _check_timestamp(text: str) -> None:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise InvalidTimestamp(
            "messageTimestamp is not an ISO 8601 date and time, such as 2026-11-21T09:30:00Z"
        ) from None
    if len(text) < len("2026-11-21T09:30"):
        raise InvalidTimestamp("messageTimestamp is a date without a time; send both")


def idempotency_key(turn: TurnBody, header: str | None, random: str) -> str:
    """Return the key of the request: the header's, the client's message id, its time and text, or random."""
    if header:
        if len(header) > MAX_KEY_CHARACTERS:
            raise InvalidUserResponse(f"Idempotency-Key has {len(header)} characters; send at most 255")
        return f"header:{header}"
    if turn.client_message_id is not None:
        return f"message:{turn.client_message_id}"
    if turn.message_timestamp is not None:
        return f"said:{json.dumps([turn.message_timestamp, turn.user_response])}"
    return f"random:{random}"
