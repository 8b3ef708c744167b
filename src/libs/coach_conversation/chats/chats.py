"""Chats: a client's own messages, and the one prompt that they make. No coach, no router, no memory."""

from collections.abc import Iterable
from typing import Final

from libs.coach_conversation import care
from libs.coach_conversation.care import Care
from libs.coach_conversation.context import care_text, merged
from libs.coach_conversation.errors import InvalidUserResponse
from libs.coach_conversation.models import traits_of
from libs.coach_conversation.ports import Ports, Prompt
from libs.coach_conversation.types import Chat, PromptMessage

MAX_CHAT_BYTES: Final = 262_144
"""A job's messages are one item of the table, and an item holds 400 KB."""
READ_FOR_CARE: Final = 16_384


def chat_of(
    messages: Iterable[PromptMessage],
    *,
    system: str = "",
    model_id: str = "",
    max_tokens: int | None = None,
    temperature: float | None = None,
) -> Chat:
    """Return the checked chat. Raises InvalidUserResponse."""
    said = merged(messages)
    if not said or said[-1].role != "user":
        raise InvalidUserResponse("the last message with any text must be the user's; it is what is answered")
    size = len(system.encode()) + sum(len(message.text.encode()) for message in said)
    if size > MAX_CHAT_BYTES:
        raise InvalidUserResponse(f"messages and system have {size} bytes; send at most {MAX_CHAT_BYTES}")
    return Chat(
        messages=said,
        system=system.strip(),
        model_id=model_id,
        max_tokens=max_tokens,
        temperature=temperature,
    )


def need_of(chat: Chat) -> Care | None:
    """Return the care that the message to be answered asks for, by what its last characters say."""
    return care.assess(chat.messages[-1].text[-READ_FOR_CARE:])


def build_prompt(chat: Chat, ports: Ports) -> Prompt:
    """Return the model call that answers the chat, within the service's own limit of tokens.

    Where the message asks for care, the care section comes last, behind what the client says itself.
    """
    model_id, limits = chat.model_id or ports.chat_model_id or ports.answer_model_id, ports.limits
    temperature = chat.temperature if chat.temperature is not None else limits.temperature
    return Prompt(
        model_id=model_id,
        system=(*((chat.system,) if chat.system else ()), *care_text(need_of(chat))),
        messages=chat.messages,
        max_tokens=min(chat.max_tokens or limits.max_output_tokens, limits.max_output_tokens),
        temperature=temperature if traits_of(model_id).sampling else None,
        streamed=ports.streaming_enabled,
    )
