"""What clients send who bring all messages along, as a pydantic model, and the chat that comes of it."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from libs.coach_conversation.chats.chats import chat_of
from libs.coach_conversation.errors import InvalidUserResponse
from libs.coach_conversation.types import Chat, PromptMessage
from stream_coach.bodies import MAX_KEY_CHARACTERS, TextPart, first_fault

MAX_MESSAGES: Final = 200


class ChatMessage(BaseModel):
    """A message of any client: `content` is text or parts, or `parts` stand beside it. Only text is read.

    Messages of the roles `tool` and `data` are passed over.
    """

    role: Literal["system", "developer", "user", "assistant", "tool", "data"]
    content: str | list[TextPart] | None = None
    parts: list[TextPart] = []

    @property
    def text(self) -> str:
        said = "".join(part.text for part in self.parts if part.type == "text")
        if said or self.content is None:
            return said
        if isinstance(self.content, str):
            return self.content
        return "".join(part.text for part in self.content if part.type == "text")


class ChatRequestBody(BaseModel):
    """Messages for a model, without a coach. Units: all texts together at most 256 KB of UTF-8."""

    model_config = ConfigDict(
        alias_generator=to_camel, frozen=True, extra="ignore", strict=True, protected_namespaces=()
    )

    messages: Annotated[
        list[ChatMessage],
        Field(min_length=1, max_length=MAX_MESSAGES, description="Oldest first; the last one is answered."),
    ]
    system: Annotated[str, Field(description="Instructions to the model, before all messages.")] = ""
    model: Annotated[
        str,
        Field(
            max_length=200,
            pattern=r"^([A-Za-z0-9._:/@+-]*[A-Za-z0-9._/@+-])?$",
            description="Which model answers, by `provider:id`; `bedrock:` may be left out. "
            "Without it, the service's own.",
        ),
    ] = ""
    max_tokens: Annotated[
        int | None,
        Field(
            ge=1,
            le=1_000_000,
            description="At most so many tokens, and never more than the service's own limit.",
        ),
    ] = None
    temperature: Annotated[
        float | None, Field(ge=0, le=2, description="Where the model takes one; else it is left out.")
    ] = None
    client_message_id: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=MAX_KEY_CHARACTERS,
            description="Names this request; the same again never asks a model twice.",
        ),
    ] = None


def parse_chat(body: dict[str, Any]) -> ChatRequestBody:
    """Return the checked body. Raises InvalidUserResponse."""
    try:
        return ChatRequestBody.model_validate(body)
    except ValidationError as error:
        raise InvalidUserResponse(first_fault(error)[1]) from None


def chat_from(body: ChatRequestBody) -> Chat:
    """Return what is asked of the model; system messages go before all others. Raises InvalidUserResponse."""
    instructions = [m.text for m in body.messages if m.role in ("system", "developer")]
    return chat_of(
        [PromptMessage(m.role, m.text) for m in body.messages if m.role == "user" or m.role == "assistant"],
        system="\n\n".join(text for text in (body.system, *instructions) if text.strip()),
        model_id=body.model,
        max_tokens=body.max_tokens,
        temperature=round(body.temperature, 4) if body.temperature is not None else None,
    )
