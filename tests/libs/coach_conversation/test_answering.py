from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import pytest

from libs.coach_conversation.answering import NOT_STREAMED, OTHER_MODEL, answer
from libs.coach_conversation.endings import Meter
from libs.coach_conversation.errors import (
    ModelFailed,
    ModelRefused,
    ModelStreamInterrupted,
    ModelThrottled,
    ModelUnavailable,
    TurnCancelled,
)
from libs.coach_conversation.generation import Generated
from libs.coach_conversation.inbox import Inbox
from libs.coach_conversation.ports import Delta, ModelCall, Prompt, PromptMessage
from libs.streaming.events import Notice
from tests.fakes.clock import FakeClock
from tests.fakes.executors import ThreadExecutor
from tests.fakes.model import ANSWER_USAGE, FakeModel, Gate, Step, answering
from tests.fakes.ports import make_ports

PROMPT: Final = Prompt(
    model_id="usual", system=("s",), messages=(PromptMessage("user", "Hi"),), max_tokens=10, temperature=0.7
)
BUSY: Final = (ModelThrottled("busy"),)
AWAY: Final = (ModelUnavailable("away"),)
REFUSED: Final = (ModelRefused("no"),)
ENDED: Final = Generated("end_turn", ANSWER_USAGE)
OTHER: Final = "us.amazon.nova-2-lite-v1:0"


class Asking:
    """One answer asked for, from a model that gives these in turn."""

    def __init__(self, *answers: tuple[Step, ...], prompt: Prompt = PROMPT, **overrides: Any) -> None:
        self.model = overrides.pop("model", None) or FakeModel(*answers)
        self.clock = FakeClock()
        self.ports = make_ports(model=self.model, clock=self.clock, **overrides)
        self.meter = Meter(0.0)
        self.inbox = Inbox(self.clock, self.clock.monotonic_s() + 300.0)
        self.pieces: Iterator[str | Notice | Generated] = answer(prompt, self.inbox, self.meter, self.ports)

    def asked(self) -> list[tuple[str, bool]]:
        return [(prompt.model_id, prompt.streamed) for prompt in self.model.prompts]


def test_an_answer_that_comes_at_once_is_one_call() -> None:
    asking = Asking(answering("a", "b"))
    assert [*asking.pieces] == ["a", "b", ENDED]
    assert asking.asked() == [("usual", True)]
    assert asking.meter.usage.model_calls == 0  # the call is metered by what it says itself


@pytest.mark.parametrize("failure", [BUSY, AWAY, (ModelStreamInterrupted("broke off"),)])
@pytest.mark.parametrize("times", [1, 2])
def test_a_call_that_fails_before_its_first_delta_is_made_again(
    times: int, failure: tuple[ModelFailed]
) -> None:
    asking = Asking(*[failure] * times, answering("a"))
    assert [*asking.pieces] == ["a", ENDED]
    assert len(asking.model.calls) == 1 + times
    assert asking.meter.usage.model_calls == times


def test_an_empty_answer_is_asked_for_again() -> None:
    asking = Asking(answering(), answering("a"))
    assert [*asking.pieces] == ["a", ENDED]


def test_a_call_that_fails_behind_its_first_delta_is_not_made_again() -> None:
    asking = Asking((Delta("a"), *AWAY), answering("b"))
    assert next(asking.pieces) == "a"
    with pytest.raises(ModelUnavailable):
        next(asking.pieces)
    assert len(asking.model.calls) == 1
    assert asking.meter.usage.model_calls == 1


def test_when_the_usual_model_does_not_answer_the_fallback_does_and_says_so() -> None:
    asking = Asking(AWAY, AWAY, AWAY, answering("a"), fallback_model_id=OTHER)
    assert [*asking.pieces] == [OTHER_MODEL, "a", ENDED]
    assert asking.asked() == [("usual", True)] * 3 + [(OTHER, True)]


@pytest.mark.parametrize(
    ("model_id", "temperature"), [(OTHER, 0.7), ("us.anthropic.claude-sonnet-5-5", None)]
)
def test_the_fallback_is_asked_as_it_wants_to_be(model_id: str, temperature: float | None) -> None:
    asking = Asking(REFUSED, answering("a"), fallback_model_id=model_id)
    list(asking.pieces)
    assert asking.model.prompts[1].temperature == temperature
    assert asking.model.prompts[1].messages == PROMPT.messages


def test_at_last_the_answer_is_asked_for_without_streaming() -> None:
    asking = Asking(AWAY, AWAY, AWAY, AWAY, answering("a"), fallback_model_id=OTHER)
    assert [*asking.pieces] == [NOT_STREAMED, "a", ENDED]
    assert asking.asked() == [("usual", True)] * 3 + [(OTHER, True), ("usual", False)]


def test_an_answer_that_is_not_streamed_anyway_is_not_asked_for_twice_so() -> None:
    asking = Asking(AWAY, prompt=replace(PROMPT, streamed=False))
    with pytest.raises(ModelUnavailable):
        list(asking.pieces)
    assert asking.asked() == [("usual", False)] * 3


def test_when_nothing_helps_the_first_failure_is_told() -> None:
    asking = Asking(BUSY, AWAY, REFUSED, AWAY)
    with pytest.raises(ModelThrottled):
        list(asking.pieces)
    assert asking.meter.usage.model_calls == len(asking.model.calls)


def test_a_model_that_refused_is_not_asked_again() -> None:
    asking = Asking(REFUSED, answering("never"))
    with pytest.raises(ModelRefused):
        list(asking.pieces)
    assert len(asking.model.calls) == 1


def test_another_model_may_answer_what_the_usual_one_refused() -> None:
    asking = Asking(REFUSED, answering("a"), fallback_model_id=OTHER)
    assert [*asking.pieces] == [OTHER_MODEL, "a", ENDED]


def test_a_bug_is_not_tried_again() -> None:
    asking = Asking((ValueError("a bug"),), answering("never"))
    with pytest.raises(ValueError, match="a bug"):
        list(asking.pieces)
    assert len(asking.model.calls) == 1


class SlowModel(FakeModel):
    """Each call takes a while before anything of it is heard."""

    def __init__(self, clock: FakeClock, *answers: tuple[Step, ...], takes_s: float) -> None:
        super().__init__(*answers)
        self._clock, self._takes_s = clock, takes_s

    def call(self, prompt: Prompt) -> ModelCall:
        self._clock.advance(self._takes_s)
        return super().call(prompt)


def slow(*answers: tuple[Step, ...], takes_s: float, **overrides: Any) -> Asking:
    asking = Asking(**overrides)
    asking.model = SlowModel(asking.clock, *answers, takes_s=takes_s)
    asking.ports = replace(asking.ports, model=asking.model)
    asking.pieces = answer(PROMPT, asking.inbox, asking.meter, asking.ports)
    return asking


def test_nothing_is_tried_when_the_time_for_the_first_delta_is_over() -> None:
    asking = slow(AWAY, takes_s=31.0)
    with pytest.raises(ModelUnavailable):
        list(asking.pieces)
    assert len(asking.model.calls) == 1


class Watched(Inbox):
    """Notes how long it was waited for what, and does not pause."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock, clock.monotonic_s() + 300.0)
        self.waits = list[float]()
        self.pauses = list[float]()

    def take(self, timeout_s: float) -> Any:
        self.waits.append(timeout_s)
        return super().take(timeout_s)

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)


def test_all_tries_share_the_time_for_the_first_delta() -> None:
    asking = slow(AWAY, takes_s=10.0)
    inbox = Watched(asking.clock)
    with pytest.raises(ModelUnavailable):
        list(answer(PROMPT, inbox, asking.meter, asking.ports))
    assert inbox.waits == [30.0, 20.0, 10.0]


def test_the_pauses_grow_and_have_jitter() -> None:
    asking = Asking(AWAY, jitter=lambda: 0.5)
    inbox = Watched(asking.clock)
    with pytest.raises(ModelUnavailable):
        list(answer(PROMPT, inbox, asking.meter, asking.ports))
    assert inbox.pauses == [0.0, 0.1, 0.3, 0.0]


def test_a_cancel_ends_the_pause_and_nothing_more_is_asked() -> None:
    asking = Asking(AWAY, jitter=lambda: 100.0)
    asking.inbox.put(TurnCancelled("stopped"))
    with pytest.raises(TurnCancelled):
        list(asking.pieces)
    assert len(asking.model.calls) == 1


def test_a_call_that_was_cancelled_is_counted() -> None:
    executor = ThreadExecutor()
    asking = Asking((Delta("a"), Gate()), executor=executor)
    assert next(asking.pieces) == "a"
    asking.inbox.put(TurnCancelled("stopped"))
    with pytest.raises(TurnCancelled):
        next(asking.pieces)
    executor.join()
    assert asking.meter.usage.model_calls == 1
