"""What clients may send, as pydantic models, and the turn that comes of it."""

import json
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from libs.coach_conversation.errors import (
    InvalidCoachConfig,
    InvalidMemory,
    InvalidTimestamp,
    InvalidUserResponse,
)
from libs.coach_conversation.kept.memories import MAX_CONTENT, MAX_TAGS
from libs.coach_conversation.types import CoachConfig, CoachId
from libs.memory.types import Importance, MemoryType

MAX_KEY_CHARACTERS: Final = 255
MAX_TIME_CHARACTERS: Final = 64
# Spaces, and the control and format characters that str.strip leaves.
_UNSEEN: Final = re.compile(r"[\s\x00-\x1f\x7f-\x9f\xad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]*")

type ShortTexts = Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], Field(max_length=20)]


class TurnBody(BaseModel):
    """The body of a message to a coach. Units: `userResponse` at most 16 KB of UTF-8."""

    model_config = ConfigDict(alias_generator=to_camel, frozen=True, extra="ignore", strict=True)

    user_response: Annotated[str, Field(description="What the person says.")]
    message_timestamp: Annotated[
        str | None,
        Field(
            max_length=MAX_TIME_CHARACTERS,
            description="ISO 8601; for display only, the order is the server's.",
        ),
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

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, str_strip_whitespace=True, defer_build=True
    )

    name: Annotated[str, Field(min_length=1, max_length=60)]
    persona: Annotated[str, Field(min_length=1, max_length=2000)]
    specialities: ShortTexts = []
    style: Annotated[str, Field(max_length=1000)] = ""
    goals: ShortTexts = []
    limits: ShortTexts = []


class MemoryBody(BaseModel):
    """What to change of a memory; what is left out stays."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, str_strip_whitespace=True, defer_build=True
    )

    content: Annotated[str, Field(min_length=1, max_length=MAX_CONTENT)] | None = None
    type: MemoryType | None = None
    importance: Importance | None = None
    tags: Annotated[ShortTexts, Field(max_length=MAX_TAGS)] | None = None


class TextPart(BaseModel):
    """A part of an AI SDK message; only text is read."""

    type: str
    text: str = ""


class UiMessage(BaseModel):
    """A message as AI SDK clients send it: `parts` since version 5, `content` before."""

    id: Annotated[str, Field(max_length=MAX_KEY_CHARACTERS)] = ""
    role: str
    parts: list[TextPart] = []
    content: str = ""

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.parts if part.type == "text") or self.content


class ChatBody(BaseModel):
    """The body that AI SDK clients send: the last user message is what the person says."""

    model_config = ConfigDict(alias_generator=to_camel, frozen=True, extra="ignore", strict=True)

    messages: list[UiMessage]
    trigger: Literal["submit-message", "regenerate-message"] = "submit-message"
    message_id: Annotated[str | None, Field(max_length=MAX_KEY_CHARACTERS)] = None


@dataclass(frozen=True, slots=True)
class Again:
    """A wish to have the latest answer written anew."""

    client_message_id: str
    answer_id: str | None


def parse_said(body: dict[str, Any], *, max_bytes: int) -> TurnBody | Again:
    """Return what either kind of body asks for. Raises InvalidUserResponse, InvalidTimestamp."""
    if "messages" not in body or "userResponse" in body:
        return parse_turn(body, max_bytes=max_bytes)
    try:
        chat = ChatBody.model_validate(body)
    except ValidationError as error:
        raise _refused(error) from None
    said = next((message for message in reversed(chat.messages) if message.role == "user"), None)
    if said is None:
        raise InvalidUserResponse("messages has no user message; send what the person says")
    if chat.trigger == "regenerate-message":
        return Again(said.id, chat.message_id)
    turn = {"userResponse": said.text} | ({"clientMessageId": said.id} if said.id else {})
    return parse_turn(turn, max_bytes=max_bytes)


def parse_coach(body: dict[str, Any], coach_id: CoachId) -> CoachConfig:
    """Return the checked configuration. Raises InvalidCoachConfig."""
    try:
        coach = CoachBody.model_validate(body)
    except ValidationError as error:
        raise InvalidCoachConfig(first_fault(error)[1]) from None
    return CoachConfig(
        coach_id=coach_id,
        name=coach.name,
        persona=coach.persona,
        specialities=tuple(coach.specialities),
        style=coach.style,
        goals=tuple(coach.goals),
        limits=tuple(coach.limits),
    )


def parse_memory(body: dict[str, Any]) -> dict[str, Any]:
    """Return the fields to change. Raises InvalidMemory."""
    try:
        changes = MemoryBody.model_validate(body).model_dump(exclude_none=True)
    except ValidationError as error:
        raise InvalidMemory(first_fault(error)[1]) from None
    if not changes:
        raise InvalidMemory("there is nothing to change; send content, type, importance or tags")
    return changes


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
        raise _refused(error) from None
    size = len(turn.user_response.encode())
    if size > max_bytes:
        raise InvalidUserResponse(f"userResponse has {size} bytes; send at most {max_bytes}")
    if _UNSEEN.fullmatch(turn.user_response):
        raise InvalidUserResponse("userResponse is empty; send what the person says")
    if turn.message_timestamp is not None:
        _check_timestamp(turn.message_timestamp)
    return turn


def _refused(error: ValidationError) -> InvalidUserResponse | InvalidTimestamp:
    name, text = first_fault(error)
    return InvalidTimestamp(text) if name == "messageTimestamp" else InvalidUserResponse(text)


def first_fault(error: ValidationError) -> tuple[str, str]:
    """Return the place of the first fault, and the fault in words; never what was sent."""
    fault = error.errors(include_input=False, include_url=False)[0]
    place = ".".join(map(str, fault["loc"])) or "the body"
    # pydantic's own words for this one name a class of ours
    message = "input should be an object" if fault["type"] == "model_type" else fault["msg"]
    return place, f"{place}: {message[0].lower()}{message[1:]}"


def _check_timestamp(text: str) -> None:
    try:
        # fromisoformat takes any character, a NUL too, between date and time and before the zone.
        if not (text.isascii() and text.isprintable()):
            raise ValueError
        datetime.fromisoformat(text)
    except ValueError:
        raise InvalidTimestamp(
            "messageTimestamp is not an ISO 8601 date and time, such as 2026-11-21T09:30:00Z"
        ) from None
    with suppress(ValueError):
        date.fromisoformat(text)
        raise InvalidTimestamp("messageTimestamp is a date without a time; send both")


def idempotency_key(turn: TurnBody, header: str | None, random: str) -> str:
    """Return the key of the request: the header's, the client's message id, its time and text, or random."""
    named = request_key(header, turn.client_message_id)
    if named is not None:
        return named
    if turn.message_timestamp is not None:
        return f"said:{json.dumps([turn.message_timestamp, turn.user_response])}"
    return f"random:{random}"


def request_key(header: str | None, client_message_id: str | None) -> str | None:
    """Return the client's own key: the header's, else its message's id. Raises InvalidUserResponse."""
    if header:
        if len(header) > MAX_KEY_CHARACTERS:
            raise InvalidUserResponse(f"Idempotency-Key has {len(header)} characters; send at most 255")
        return f"header:{header}"
    return f"message:{client_message_id}" if client_message_id is not None else None
