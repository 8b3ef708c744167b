from dataclasses import replace

import pytest

from libs.coach_conversation.chats.chats import MAX_CHAT_BYTES, build_prompt, chat_of, need_of
from libs.coach_conversation.errors import InvalidUserResponse
from libs.coach_conversation.types import PromptMessage
from tests.fakes.ports import make_ports

QUESTION = PromptMessage("user", "How do I squat deeper?")


def test_a_chat_is_answered_by_the_services_own_model_unless_it_names_one() -> None:
    ports = make_ports(answer_model_id="us.amazon.nova-micro-v1:0")
    assert build_prompt(chat_of([QUESTION]), ports).model_id == "us.amazon.nova-micro-v1:0"
    ports = replace(ports, chat_model_id="us.amazon.nova-2-lite-v1:0")
    assert build_prompt(chat_of([QUESTION]), ports).model_id == "us.amazon.nova-2-lite-v1:0"
    assert build_prompt(chat_of([QUESTION], model_id="openai:gpt-5"), ports).model_id == "openai:gpt-5"


def test_the_prompt_holds_the_messages_in_turn_and_no_coach() -> None:
    said = [
        PromptMessage("user", "One"),
        PromptMessage("user", "Two"),
        PromptMessage("assistant", " "),
        PromptMessage("user", "Three"),
    ]
    prompt = build_prompt(chat_of(said, system="Be brief. "), make_ports())
    assert prompt.messages == (PromptMessage("user", "One\n\nTwo\n\nThree"),)
    assert prompt.system == ("Be brief.",)
    assert prompt.tool is None


def test_a_message_that_asks_for_care_brings_the_care_section_behind_the_clients_system_text() -> None:
    chat = chat_of([PromptMessage("user", "I have chest pain")], system="Be brief.")
    need = need_of(chat)
    assert need is not None
    client, section = build_prompt(chat, make_ports()).system
    assert client == "Be brief."
    assert need.line in section
    earlier = [PromptMessage("user", "I have chest pain"), PromptMessage("assistant", "Sit down."), QUESTION]
    assert need_of(chat_of(earlier)) is None


def test_nobody_gets_more_tokens_than_the_service_allows() -> None:
    ports = make_ports()
    assert build_prompt(chat_of([QUESTION], max_tokens=50), ports).max_tokens == 50
    assert build_prompt(chat_of([QUESTION], max_tokens=10**9), ports).max_tokens == 1000


def test_a_temperature_goes_only_to_a_model_that_takes_one() -> None:
    chat = chat_of([QUESTION], temperature=0.1)
    assert build_prompt(chat, make_ports(answer_model_id="us.amazon.nova-micro-v1:0")).temperature == 0.1
    assert (
        build_prompt(chat, make_ports(answer_model_id="us.anthropic.claude-sonnet-5-5")).temperature is None
    )


@pytest.mark.parametrize(
    "said", [[], [PromptMessage("user", " ")], [QUESTION, PromptMessage("assistant", "A")]]
)
def test_a_chat_ends_with_the_person(said: list[PromptMessage]) -> None:
    with pytest.raises(InvalidUserResponse, match="must be the user's"):
        chat_of(said)


def test_a_chat_is_limited_in_bytes_its_system_text_included() -> None:
    chat_of([PromptMessage("user", "x" * (MAX_CHAT_BYTES - 1))], system="x")
    with pytest.raises(InvalidUserResponse, match="send at most 262144"):
        chat_of([PromptMessage("user", "x" * MAX_CHAT_BYTES)], system="x")
