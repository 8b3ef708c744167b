"""Clients that leave: the turn is the server's, it finishes and is saved."""

import pytest

from tests.stack.client import Conversation, Stack, Stream, eventually

pytestmark = pytest.mark.stack

WORDS = " ".join(f"word-{number}" for number in range(30))


def _saved(conversation: Conversation) -> str | None:
    messages = conversation.stored()
    return str(messages[1]["content"]) if len(messages) == 2 else None


def _check_finished(conversation: Conversation, left: Stream) -> None:
    content = eventually(lambda: _saved(conversation))
    assert content.endswith(WORDS)
    assert content.startswith(left.text)
    assert [item["status"] for item in conversation.stored()] == ["complete", "complete"]
    assert conversation.say("/say still there").answer == "still there"


def test_a_turn_finishes_when_its_client_leaves_in_the_middle(stack: Stack) -> None:
    stack.emulator.play(interTokenMs=20)
    conversation = stack.person().begin()
    with conversation.stream(f"/say {WORDS}") as left:
        left.until("chunk", count=3)
    _check_finished(conversation, left)


def test_a_turn_finishes_when_its_client_leaves_before_the_model_has_begun(stack: Stack) -> None:
    stack.emulator.play(routerMs=200, firstTokenMs=200)
    conversation = stack.person().begin()
    with conversation.stream(f"/say {WORDS}") as left:
        left.until("start")
    _check_finished(conversation, left)


def test_no_model_call_of_a_client_that_left_is_given_up(stack: Stack) -> None:
    stack.emulator.play(interTokenMs=20)
    conversation = stack.person().begin()
    with conversation.stream(f"/say {WORDS}") as left:
        left.until("chunk")
    eventually(lambda: _saved(conversation))
    assert [call["closedEarly"] for call in stack.emulator.calls()] == [False, False]
