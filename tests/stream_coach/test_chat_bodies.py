from typing import Any

import pytest

from libs.coach_conversation.errors import InvalidUserResponse
from libs.coach_conversation.types import Chat, PromptMessage
from stream_coach.chat_bodies import MAX_MESSAGES, chat_from, parse_chat

HELLO = {"role": "user", "content": "Hello"}


def read(**body: Any) -> Chat:
    return chat_from(parse_chat(body))


@pytest.mark.parametrize(
    "message",
    [
        {"role": "user", "content": "Hello"},
        {"role": "user", "content": [{"type": "text", "text": "Hel"}, {"type": "text", "text": "lo"}]},
        {"role": "user", "content": "", "parts": [{"type": "text", "text": "Hello"}]},
        {"role": "user", "content": "Hello", "parts": [{"type": "step-start"}]},
        {
            "id": "m1",
            "role": "user",
            "parts": [{"type": "text", "text": "Hello"}, {"type": "file", "url": "x"}],
        },
    ],
)
def test_text_is_read_however_a_client_writes_it(message: dict[str, Any]) -> None:
    assert read(messages=[message]).messages == (PromptMessage("user", "Hello"),)


def test_system_messages_are_instructions_wherever_they_stand() -> None:
    chat = read(system="One.", messages=[{"role": "system", "content": "Two."}, HELLO])
    assert chat.system == "One.\n\nTwo."


def test_what_tools_said_is_passed_over() -> None:
    said = [
        HELLO,
        {"role": "assistant", "content": None},
        {"role": "tool", "content": [{"type": "tool-result"}]},
    ]
    assert read(messages=[*said, HELLO]).messages == (PromptMessage("user", "Hello\n\nHello"),)


def test_all_that_may_be_chosen_is_kept() -> None:
    chat = read(
        messages=[HELLO], model="openai:gpt-5", maxTokens=20, temperature=1, id="c1", trigger="submit-message"
    )
    assert (chat.model_id, chat.max_tokens, chat.temperature) == ("openai:gpt-5", 20, 1.0)


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({}, "messages: "),
        ({"messages": []}, "messages: "),
        ({"messages": "Hello"}, "messages: "),
        ({"messages": [HELLO] * (MAX_MESSAGES + 1)}, "messages: "),
        ({"messages": ["Hello"]}, "messages.0: input should be an object"),
        ({"messages": [{"role": "robot", "content": "Hello"}]}, "messages.0.role: "),
        ({"messages": [{"role": "user", "content": 5}]}, "messages.0.content"),
        ({"messages": [HELLO], "model": "a b"}, "model: "),
        ({"messages": [HELLO], "model": "x" * 201}, "model: "),
        ({"messages": [HELLO], "maxTokens": 0}, "maxTokens: "),
        ({"messages": [HELLO], "temperature": 3}, "temperature: "),
        ({"messages": [HELLO], "clientMessageId": ""}, "clientMessageId: "),
    ],
)
def test_a_fault_is_named_by_its_place(body: dict[str, Any], fault: str) -> None:
    with pytest.raises(InvalidUserResponse) as refused:
        parse_chat(body)
    assert str(refused.value).startswith(fault)
    assert "Hello" not in str(refused.value)
