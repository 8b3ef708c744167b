"""The latest answer written anew, as AI SDK clients ask for it: one message, one answer, the new one."""

from typing import Any, Final

import pytest

from tests.stack.client import Conversation, Stack, Stream
from tests.stack.sse import check_stream

pytestmark = pytest.mark.stack

SAID: Final = "How often should I squat?"
SAID_ID: Final = "message-1"


def _messages(text: str) -> list[dict[str, Any]]:
    return [{"id": SAID_ID, "role": "user", "parts": [{"type": "text", "text": text}]}]


def _chat(conversation: Conversation, **body: Any) -> Stream:
    """Send an AI SDK body and read the stream."""
    person, body = conversation.person, {"id": conversation.id, "messages": _messages(SAID), **body}
    headers = {**person.headers, "x-stream-protocol": "typed"}
    url = f"{conversation.path}/stream"
    with person.stack.http.stream("POST", url, json=body, headers=headers) as response:
        stream = Stream(response, 0.0)
        stream.read()
    return stream


def _again(conversation: Conversation, answer_id: str) -> Stream:
    return _chat(conversation, trigger="regenerate-message", messageId=answer_id)


@pytest.fixture
def conversation(stack: Stack) -> Conversation:
    stack.emulator.play(reply="Twice a week.")
    return stack.person().begin()


def test_an_ai_sdk_body_is_a_message_like_any_other(conversation: Conversation, stack: Stack) -> None:
    told = _chat(conversation, trigger="submit-message")
    check_stream(told.events)
    assert told.last["userMessage"]["content"] == SAID
    assert _chat(conversation, trigger="submit-message").replay() == told.replay()
    assert len(stack.emulator.calls()) == 2


def test_the_new_answer_takes_the_place_of_the_old_one(conversation: Conversation, stack: Stack) -> None:
    first = _chat(conversation)
    stack.emulator.play(reply="Three times a week.")
    again = _again(conversation, first.last["messageId"])
    check_stream(again.events)
    assert (again.last["type"], again.answer) == ("complete", "Three times a week.")
    assert again.last["userMessage"] == first.last["userMessage"]
    assert again.last["messageId"] > first.last["messageId"]
    history = conversation.history()["messages"]
    assert history == [first.last["userMessage"], again.last["aiMessage"]]
    asked = stack.emulator.calls()[-1]["request"]["messages"]
    assert [message["content"] for message in asked] == [[{"text": SAID}]]
    shown = stack.http.get(conversation.path, headers=conversation.person.headers).json()
    assert shown["messageCount"] == 2


def test_the_same_wish_again_is_the_same_turn(conversation: Conversation, stack: Stack) -> None:
    first = _chat(conversation)
    again = _again(conversation, first.last["messageId"])
    stack.emulator.forget_calls()
    assert _again(conversation, first.last["messageId"]).replay() == again.replay()
    assert stack.emulator.calls() == []
    assert len(conversation.stored()) == 2


def test_only_the_latest_answer_is_written_anew(conversation: Conversation) -> None:
    first = _chat(conversation)
    conversation.say("/say something else")
    refused = _again(conversation, first.last["messageId"])
    assert (refused.status, refused.refusal["code"]) == (400, "INVALID_USER_RESPONSE")
    assert len(conversation.stored()) == 4


def test_an_answer_that_fails_without_a_word_leaves_the_old_one(
    conversation: Conversation, stack: Stack
) -> None:
    short = [{"id": SAID_ID, "role": "user", "parts": [{"type": "text", "text": "hi"}]}]
    first = _chat(conversation, messages=short)
    stack.emulator.fail("validationException", times=None)
    failed = _again(conversation, first.last["messageId"])
    assert failed.last["code"] == "MODEL_REFUSED"
    assert conversation.history()["messages"] == [first.last["userMessage"], first.last["aiMessage"]]
    stack.emulator.play(reply="Once more.")
    assert conversation.say("/say go on").last["type"] == "complete"


def test_nothing_can_be_answered_anew_before_anything_was_said(conversation: Conversation) -> None:
    refused = _again(conversation, "0" * 26)
    assert (refused.status, refused.refusal["code"]) == (400, "INVALID_USER_RESPONSE")
    assert conversation.stored() == []
