"""A model that fails before its first word: asked again, then another one, then without streaming."""

from typing import Final

import pytest

from tests.stack.client import Stack
from tests.stack.conftest import RELAYED, Relayed
from tests.stack.sse import check_stream
from tests.stack.watching import watch

pytestmark = pytest.mark.stack

TEXT: Final = "one two three four"
USUAL: Final = "us.anthropic.claude-sonnet-5-5"
OTHER: Final = RELAYED["FALLBACK_MODEL_ID"]
STREAMED: Final = "ConverseStream"
TRIES: Final = 3
TEMPORARY: Final = {
    "throttle_before": "MODEL_THROTTLED",
    "serviceUnavailableException": "MODEL_UNAVAILABLE",
    "drop": "MODEL_STREAM_INTERRUPTED",
    "empty": "MODEL_STREAM_INTERRUPTED",
}


def _asked(stack: Stack) -> list[tuple[str, str]]:
    """Return operation and model of each call behind the router's."""
    router, *calls = stack.emulator.calls()
    assert router["operation"] == "Converse"
    return [(call["operation"], call["modelId"]) for call in calls]


@pytest.mark.parametrize("kind", TEMPORARY)
def test_a_model_that_cannot_stream_answers_as_a_whole_with_a_notice(kind: str, stack: Stack) -> None:
    stack.emulator.fail(kind, times=None, operation=STREAMED)
    conversation = stack.person().begin()
    told = conversation.say(f"/say {TEXT}")
    assert (told.last["type"], told.answer) == ("complete", TEXT)
    assert _asked(stack) == [(STREAMED, USUAL)] * TRIES + [("Converse", USUAL)]
    [notice], [_] = told.of("notice"), told.of("chunk")
    assert notice.data["kind"] == "fallback"
    assert told.types.index("notice") < told.types.index("chunk")
    assert told.last["aiMessage"]["content"] == told.text
    assert watch(conversation, turnId=told.turn_id).replay() == told.replay()


def test_every_call_counts_in_what_the_turn_used(stack: Stack) -> None:
    plain = stack.person().begin().say(f"/say {TEXT}").last["usage"]
    stack.emulator.fail("throttle_before", times=TRIES, operation=STREAMED)
    told = stack.person().begin().say(f"/say {TEXT}").last["usage"]
    assert (plain["modelCalls"], told["modelCalls"]) == (2, 2 + TRIES)
    assert told["outputTokens"] == plain["outputTokens"]
    assert min(plain["costUsd"], told["costUsd"]) > 0


def test_the_other_model_answers_where_one_is_set(relayed: Relayed) -> None:
    stack = relayed.stack
    stack.emulator.fail("throttle_before", times=TRIES, operation=STREAMED)
    told = stack.person().begin().say(f"/say {TEXT}")
    assert (told.last["type"], told.answer) == ("complete", TEXT)
    assert _asked(stack) == [(STREAMED, USUAL)] * TRIES + [(STREAMED, OTHER)]
    assert [event.data["kind"] for event in told.of("notice")] == ["fallback"]
    assert len(told.of("chunk")) == len(TEXT.split())
    assert told.last["usage"]["modelCalls"] == 2 + TRIES
    usual, other = (call["request"]["inferenceConfig"] for call in stack.emulator.calls()[-2:])
    # The usual model takes no temperature; the other one does.
    assert "temperature" not in usual
    assert other["temperature"] == 0.7


def test_the_other_model_is_asked_at_once_where_the_usual_one_refuses(relayed: Relayed) -> None:
    stack = relayed.stack
    stack.emulator.fail("validationException", operation=STREAMED)
    told = stack.person().begin().say(f"/say {TEXT}")
    assert (told.last["type"], told.answer) == ("complete", TEXT)
    assert _asked(stack) == [(STREAMED, USUAL), (STREAMED, OTHER)]


def test_the_other_model_failing_too_leaves_the_usual_one_without_streaming(relayed: Relayed) -> None:
    stack = relayed.stack
    stack.emulator.fail("throttle_before", times=None, operation=STREAMED)
    told = stack.person().begin().say(f"/say {TEXT}")
    assert (told.last["type"], told.answer) == ("complete", TEXT)
    assert _asked(stack) == [(STREAMED, USUAL)] * TRIES + [(STREAMED, OTHER), ("Converse", USUAL)]
    assert [event.data["kind"] for event in told.of("notice")] == ["fallback"]


@pytest.mark.parametrize("kind", TEMPORARY)
def test_where_everything_fails_the_turn_ends_as_the_first_call_did(kind: str, relayed: Relayed) -> None:
    stack = relayed.stack
    stack.emulator.fail(kind, times=None)
    told = stack.person().begin().say(f"/say {TEXT}")
    check_stream(told.events)
    assert (told.last["type"], told.last["code"]) == ("error", TEMPORARY[kind])
    assert told.last["retryable"]
    assert len(_asked(stack)) == TRIES + 2
    assert told.of("notice") == []


def test_nothing_is_asked_again_once_a_word_was_said(relayed: Relayed) -> None:
    stack = relayed.stack
    stack.emulator.fail("drop", after_deltas=1, operation=STREAMED)
    told = stack.person().begin().say(f"/say {TEXT}")
    assert (told.last["code"], told.answer) == ("MODEL_STREAM_INTERRUPTED", "one ")
    assert _asked(stack) == [(STREAMED, USUAL)]
