"""What clients may send, as pydantic models, and the turn that comes of it."""

import json
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from libs.coach_conversation.errors import InvalidTimestamp, InvalidUserResponse

MAX_KEY_CHARACTERS: Final = 255


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
    fault = error.errors(include_input=False, include_url=False)[0]
    name = str(fault["loc"][0]) if fault["loc"] else "the body"
    text = f"{name}: {fault['msg'].lower()}"
    return InvalidTimestamp(text) if name == "messageTimestamp" else InvalidUserResponse(text)


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
