"""A model that fails, in every way it can: one terminal event, nothing lost, and the next turn works."""

from dataclasses import dataclass
from typing import Any

import pytest

from tests.stack.client import Conversation, Stack, Stream, eventually

pytestmark = pytest.mark.stack

TEXT = "one two three four five six"
FIRST_WORDS = "one two three "
NEXT = "and on we go"
TEMPORARY = {"MODEL_THROTTLED", "MODEL_UNAVAILABLE", "MODEL_STREAM_INTERRUPTED"}

BREAKING = {
    "throttlingException": "MODEL_THROTTLED",
    "modelStreamErrorException": "MODEL_STREAM_INTERRUPTED",
    "internalServerException": "MODEL_STREAM_INTERRUPTED",
    "serviceUnavailableException": "MODEL_UNAVAILABLE",
    "validationException": "MODEL_REFUSED",
    "drop": "MODEL_STREAM_INTERRUPTED",
    "no_message_stop": "MODEL_STREAM_INTERRUPTED",
}
"""What breaks an answer off, and the code that says so."""

FAILING = {"throttle_before": "MODEL_THROTTLED", "empty": "MODEL_STREAM_INTERRUPTED", **BREAKING}
"""What can keep an answer from beginning."""


@dataclass(frozen=True, slots=True)
class Failed:
    """What is left of a turn that failed."""

    conversation: Conversation
    told: Stream

    def check(self, code: str) -> None:
        """Check the one `error`, what was kept of the answer, and that the conversation goes on."""
        told, kept = self.told, self.told.text
        assert told.types.count("error") == 1
        assert "complete" not in told.types
        assert (told.last["code"], told.last["retryable"]) == (code, code in TEMPORARY)
        assert told.last["turnId"] == told.turn_id
        assert told.last["savedContent"].encode() == kept.encode()
        _, coach = self.conversation.stored()
        assert (coach["role"], coach["status"]) == ("assistant", "partial")
        assert coach["content"].encode() == kept.encode()
        _check_next_turn(self.conversation)


def _check_next_turn(conversation: Conversation) -> None:
    conversation.person.stack.emulator.play()
    told = conversation.say(f"/say {NEXT}")
    assert told.last["type"] == "complete"
    # A message that got no answer is, for a model, one with the message after it.
    assert told.answer.endswith(NEXT)
    assert [item["status"] for item in conversation.stored()][-2:] == ["complete", "complete"]


@pytest.mark.parametrize("kind", BREAKING)
def test_an_answer_that_breaks_off_is_kept_as_far_as_it_came(kind: str, stack: Stack) -> None:
    conversation = stack.person().begin()
    stack.emulator.fail(kind, after_deltas=3)
    told = conversation.say(f"/say {TEXT}")
    assert told.answer == FIRST_WORDS
    assert stack.emulator.operations() == ["Converse", "ConverseStream"]
    Failed(conversation, told).check(BREAKING[kind])


@pytest.mark.parametrize("kind", FAILING)
def test_a_model_that_cannot_begin_ends_the_turn_with_its_code(kind: str, stack: Stack) -> None:
    conversation = stack.person().begin()
    stack.emulator.fail(kind, times=None)
    told = conversation.say(f"/say {TEXT}")
    assert told.answer == ""
    assert told.text == told.events[1].data["content"]
    Failed(conversation, told).check(FAILING[kind])


@pytest.mark.parametrize("kind", [kind for kind in FAILING if kind != "validationException"])
def test_a_model_that_fails_once_before_its_first_word_is_asked_again(kind: str, stack: Stack) -> None:
    conversation = stack.person().begin()
    stack.emulator.fail(kind)
    told = conversation.say(f"/say {TEXT}")
    assert (told.last["type"], told.answer) == ("complete", TEXT)
    assert stack.emulator.operations() == ["Converse", "ConverseStream", "ConverseStream"]
    assert told.last["usage"]["modelCalls"] == 3


def test_a_request_that_the_model_refuses_is_not_sent_again(stack: Stack) -> None:
    stack.emulator.fail("validationException", times=None)
    told = stack.person().begin().say(f"/say {TEXT}")
    assert told.last["code"] == "MODEL_REFUSED"
    assert stack.emulator.operations() == ["Converse", "ConverseStream"]


@pytest.mark.parametrize("after_deltas", [0, 3])
def test_a_model_that_falls_silent_is_given_up(after_deltas: int, impatient_stack: Stack) -> None:
    conversation = impatient_stack.person().begin()
    impatient_stack.emulator.fail("silence", after_deltas=after_deltas, times=None)
    told = conversation.say(f"/say {TEXT}")
    assert told.answer == (FIRST_WORDS if after_deltas else "")
    silent_s = told.events[-1].at_s - told.events[-3].at_s
    assert 0.9 < silent_s < 4.0
    eventually(lambda: impatient_stack.emulator.calls()[-1]["closedEarly"])
    Failed(conversation, told).check("MODEL_STREAM_INTERRUPTED")


def test_a_short_message_whose_answer_fails_leaves_no_empty_answer_behind(stack: Stack) -> None:
    conversation = stack.person().begin()
    stack.emulator.fail("validationException", times=None)
    told = conversation.say("/say hi")
    assert (told.last["type"], told.last["code"]) == ("error", "MODEL_REFUSED")
    assert "savedContent" not in told.last
    assert [item["role"] for item in conversation.stored()] == ["user"]
    _check_next_turn(conversation)


@pytest.mark.parametrize(
    ("kind", "after_deltas", "answer", "notice"),
    [
        ("max_tokens", 3, FIRST_WORDS, "truncated"),
        ("max_tokens", 0, "", "truncated"),
        ("guardrail_intervened", 3, f"{FIRST_WORDS}Sorry, I can't help with that.", "guardrail"),
        ("guardrail_intervened", 0, "Sorry, I can't help with that.", "guardrail"),
    ],
)
def test_an_answer_cut_short_by_a_limit_is_complete_with_a_notice(
    kind: str, after_deltas: int, answer: str, notice: str, stack: Stack
) -> None:
    conversation = stack.person().begin()
    stack.emulator.fail(kind, after_deltas=after_deltas)
    told = conversation.say(f"/say {TEXT}")
    assert (told.last["type"], told.last["stopReason"]) == ("complete", kind)
    assert [event.data["kind"] for event in told.of("notice")] == [notice]
    assert told.answer == answer
    _, coach = conversation.stored()
    assert coach["status"] == "complete"
    assert told.text == told.last["aiMessage"]["content"] == coach["content"]
    _check_next_turn(conversation)


def test_a_history_of_failures_is_still_a_history_that_a_model_accepts(stack: Stack) -> None:
    conversation = stack.person().begin()
    for kind in ("validationException", "drop"):
        stack.emulator.fail(kind, after_deltas=3, times=None)
        assert conversation.say(f"/say {TEXT}").last["type"] == "error"
    stack.emulator.play()
    assert conversation.say(f"/say {NEXT}").answer == NEXT
    messages: list[dict[str, Any]] = stack.emulator.calls()[-1]["request"]["messages"]
    roles = [message["role"] for message in messages]
    assert roles == ["user", "assistant", "user", "assistant", "user"]
