"""The same message twice is one message: the same events, no second model call, no second answer."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.stack.client import Conversation, Stack

pytestmark = pytest.mark.stack

TEXT = "/say the same words once more"
SENT_AT = "2026-11-21T09:30:00Z"

WAYS: dict[str, dict[str, Any]] = {
    "header": {"key": "a key of the client"},
    "message id": {"clientMessageId": "message-1"},
    "time and text": {"messageTimestamp": SENT_AT},
}


def _refusal(conversation: Conversation, text: str, **fields: Any) -> tuple[int, dict[str, Any]]:
    with conversation.stream(text, **fields) as stream:
        return stream.status, stream.refusal


@pytest.mark.parametrize("way", WAYS)
def test_the_same_message_again_gives_the_same_events_and_asks_no_model(way: str, stack: Stack) -> None:
    conversation = stack.person().begin()
    first = conversation.say(TEXT, **WAYS[way])
    stack.emulator.forget_calls()
    again = conversation.say(TEXT, **WAYS[way])
    assert again.replay() == first.replay()
    assert again.headers["content-type"] == first.headers["content-type"]
    assert stack.emulator.calls() == []
    assert len(conversation.stored()) == 2


def test_a_failed_turn_is_replayed_as_the_failure_that_it_was(stack: Stack) -> None:
    conversation = stack.person().begin()
    stack.emulator.fail("drop", after_deltas=3)
    first = conversation.say(TEXT, key="k")
    assert first.last["type"] == "error"
    again = conversation.say(TEXT, key="k")
    assert again.replay() == first.replay()
    assert len(stack.emulator.calls()) == 2


def test_the_same_message_while_it_is_answered_joins_the_running_turn(stack: Stack) -> None:
    stack.emulator.play(interTokenMs=150)
    conversation = stack.person().begin()
    with conversation.stream(TEXT, key="k") as first:
        first.until("chunk")
        joined = conversation.say(TEXT, key="k")
        first.read()
    assert joined.replay() == first.replay()
    assert len(stack.emulator.calls()) == 2
    assert len(conversation.stored()) == 2


def test_the_same_message_twice_at_the_same_moment_is_one_turn(stack: Stack) -> None:
    stack.emulator.play(firstTokenMs=300)
    conversation = stack.person().begin()
    with ThreadPoolExecutor(2) as threads:
        one, other = threads.map(lambda _: conversation.say(TEXT, key="k"), range(2))
    assert one.replay() == other.replay()
    assert len(stack.emulator.calls()) == 2
    assert len(conversation.stored()) == 2


def test_the_key_of_another_message_is_refused(stack: Stack) -> None:
    conversation = stack.person().begin()
    conversation.say(TEXT, key="k")
    stack.emulator.forget_calls()
    status, refusal = _refusal(conversation, "/say something else", key="k")
    assert (status, refusal["code"], refusal["retryable"]) == (422, "IDEMPOTENCY_KEY_REUSED", False)
    assert stack.emulator.calls() == []
    assert len(conversation.stored()) == 2


def test_the_same_text_without_a_key_is_a_new_message(stack: Stack) -> None:
    conversation = stack.person().begin()
    first, second = conversation.say(TEXT), conversation.say(TEXT)
    assert first.turn_id != second.turn_id
    assert len(conversation.stored()) == 4


def test_a_key_is_a_conversation_s_own(stack: Stack) -> None:
    person = stack.person()
    one, other = person.begin().say(TEXT, key="k"), person.begin().say(TEXT, key="k")
    assert one.turn_id != other.turn_id


def test_a_second_message_while_one_is_answered_is_told_which_turn_runs(stack: Stack) -> None:
    stack.emulator.play(interTokenMs=100)
    conversation = stack.person().begin()
    with conversation.stream(TEXT) as running:
        turn_id = running.until("chunk").data and running.turn_id
        with conversation.stream("/say me too") as refused:
            refusal = refused.refusal
        running.read()
    assert (refused.status, refusal["code"]) == (409, "CONVERSATION_BUSY")
    assert (refusal["turnId"], refusal["retryable"]) == (turn_id, True)
    assert int(refused.headers["retry-after"]) > 0
    assert running.last["type"] == "complete"
    assert len(stack.emulator.calls()) == 2
    assert conversation.say("/say me now").answer == "me now"
