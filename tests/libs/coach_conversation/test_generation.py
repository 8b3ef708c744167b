from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import closing
from dataclasses import replace
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.coach_conversation.errors import (
    DeadlineReached,
    ModelRefused,
    ModelStreamInterrupted,
    ModelThrottled,
    ModelUnavailable,
    TurnCancelled,
)
from libs.coach_conversation.generation import MAX_PIECE_BYTES, Generated, generate
from libs.coach_conversation.inbox import Inbox
from libs.coach_conversation.ports import Delta, Executor, Prompt, PromptMessage, Stop
from libs.coach_conversation.types import Limits, Usage
from tests.fakes.clock import FakeClock
from tests.fakes.executors import InlineExecutor, ThreadExecutor
from tests.fakes.model import ANSWER_USAGE, FakeCall, Gate, Step, answering

LIMITS: Final = Limits()
PROMPT: Final = Prompt(model_id="m", system=(), messages=(PromptMessage("user", "Hi"),), max_tokens=10)


def inbox(*, left_s: float = 60.0) -> Inbox:
    clock = FakeClock()
    return Inbox(clock, clock.monotonic_s() + left_s)


def generation(
    *steps: Step, executor: Executor | None = None, box: Inbox | None = None, **limits: Any
) -> Iterator[str | Generated]:
    call = FakeCall(PROMPT, steps)
    return generate(call, box or inbox(), executor or InlineExecutor(), replace(LIMITS, **limits))


def test_deltas_come_as_they_are_then_how_it_ended() -> None:
    assert [*generation(*answering("Three", " sets", " 🏋️"))] == [
        "Three",
        " sets",
        " 🏋️",
        Generated("end_turn", ANSWER_USAGE),
    ]


@pytest.mark.parametrize(
    "reason", ["max_tokens", "stop_sequence", "guardrail_intervened", "content_filtered"]
)
def test_an_answer_that_stopped_for_another_reason_says_so(reason: str) -> None:
    assert [*generation(*answering("a", stop=reason))][-1] == Generated(reason, ANSWER_USAGE)


def test_each_delta_is_given_before_the_next_one_comes() -> None:
    executor, gate = ThreadExecutor(), Gate()
    pieces = generation(Delta("a"), gate, *answering("b"), executor=executor)
    assert next(pieces) == "a"
    gate.open()
    assert [*pieces] == ["b", Generated("end_turn", ANSWER_USAGE)]
    executor.join()


# What goes wrong


@pytest.mark.parametrize(
    "failure",
    [
        ModelThrottled("busy"),
        ModelUnavailable("away"),
        ModelRefused("no"),
        ModelStreamInterrupted("broke off"),
        ValueError("a bug"),
    ],
)
@pytest.mark.parametrize("before", [(), (Delta("a"),), (Delta("a"), Delta("b"))])
def test_a_failure_is_raised_behind_what_was_said(before: tuple[Delta, ...], failure: Exception) -> None:
    pieces = generation(*before, failure)
    assert [next(pieces) for _ in before] == [delta.text for delta in before]
    with pytest.raises(type(failure)) as caught:
        next(pieces)
    assert caught.value is failure


def test_an_answer_without_a_stop_broke_off() -> None:
    with pytest.raises(ModelStreamInterrupted, match="the model's answer broke off"):
        [*generation(Delta("a"))]


def test_an_answer_without_text_is_no_answer() -> None:
    with pytest.raises(ModelStreamInterrupted, match="the model ended without an answer"):
        [*generation(*answering())]


def test_what_is_not_metered_costs_one_call() -> None:
    assert [*generation(Delta("a"), Stop("end_turn"))][-1] == Generated("end_turn", Usage(model_calls=1))


def test_an_answer_that_stopped_is_whole_whatever_breaks_behind_it() -> None:
    pieces = [*generation(Delta("a"), Stop("end_turn"), ModelStreamInterrupted("the connection was reset"))]
    assert pieces == ["a", Generated("end_turn", Usage(model_calls=1))]


def test_an_answer_that_stopped_is_whole_when_nothing_comes_behind_it() -> None:
    executor = ThreadExecutor()
    pieces = generation(Delta("a"), Stop("end_turn"), Gate(), executor=executor, delta_timeout_s=0.001)
    assert [*pieces] == ["a", Generated("end_turn", Usage(model_calls=1))]
    executor.join()


def test_a_bug_behind_the_stop_is_not_hidden() -> None:
    with pytest.raises(ValueError, match="a bug"):
        [*generation(Delta("a"), Stop("end_turn"), ValueError("a bug"))]


def test_a_model_that_never_begins_is_interrupted() -> None:
    executor = ThreadExecutor()
    with pytest.raises(ModelStreamInterrupted, match=r"the model said nothing for 0\.001 s"):
        [*generation(Gate(), executor=executor, first_delta_timeout_s=0.001)]
    executor.join()


def test_a_model_that_falls_silent_is_interrupted() -> None:
    executor = ThreadExecutor()
    pieces = generation(Delta("a"), Gate(), executor=executor, delta_timeout_s=0.001)
    assert next(pieces) == "a"
    with pytest.raises(ModelStreamInterrupted, match=r"the model said nothing for 0\.001 s"):
        next(pieces)
    executor.join()


def test_what_others_put_into_the_inbox_does_not_make_a_silent_model_speak() -> None:
    executor, box = ThreadExecutor(), inbox()
    box.put("left over")
    with pytest.raises(ModelStreamInterrupted):
        [*generation(Gate(), executor=executor, box=box, first_delta_timeout_s=0.001)]
    executor.join()


# Who ends it


@pytest.mark.parametrize("signal", [TurnCancelled("stopped"), DeadlineReached("over")])
def test_a_signal_abandons_the_call_and_waits_for_its_reader(signal: Exception) -> None:
    executor, box, gate = ThreadExecutor(), inbox(), Gate()
    call = FakeCall(PROMPT, [Delta("a"), gate])
    pieces = generate(call, box, executor, LIMITS)
    assert next(pieces) == "a"
    box.put(signal)
    with pytest.raises(type(signal)):
        next(pieces)
    assert call.abandoned.is_set()
    assert [future.done() for future in executor.futures] == [True]


def test_closing_abandons_the_call_and_waits_for_its_reader() -> None:
    executor = ThreadExecutor()
    call = FakeCall(PROMPT, [Delta("a"), Gate()])
    pieces = generate(call, inbox(), executor, LIMITS)
    with closing(pieces):  # type: ignore[type-var]  # an iterator that is a generator
        assert next(pieces) == "a"
    assert call.abandoned.is_set()
    assert [future.done() for future in executor.futures] == [True]


def test_a_call_that_ended_by_itself_is_not_abandoned() -> None:
    executor = ThreadExecutor()
    call = FakeCall(PROMPT, answering("a"))
    assert [*generate(call, inbox(), executor, LIMITS)][-1] == Generated("end_turn", ANSWER_USAGE)
    assert not call.abandoned.is_set()
    executor.join()


def test_what_others_left_in_the_inbox_is_nothing() -> None:
    box, other = inbox(), FakeCall(PROMPT, [])
    for left in (Future[None](), (other, Delta("not mine")), "junk", None):
        box.put(left)
    assert [*generation(*answering("a"), box=box)] == ["a", Generated("end_turn", ANSWER_USAGE)]


# The limit of size


@pytest.mark.parametrize(
    ("deltas", "expected"),
    [
        (["abcd", "efgh"], ["abcd", "efgh"]),
        (["abcd", "efghi"], ["abcd", "efgh"]),
        (["abcdefgh", "i"], ["abcdefgh"]),
        (["abcdefghijkl"], ["abcdefgh"]),
        (["abcdef", "🏋"], ["abcdef"]),
        (["abcd", "🏋"], ["abcd", "🏋"]),
        (["abcd", "🏋🏋"], ["abcd", "🏋"]),
        (["abcdefg", "ü"], ["abcdefg"]),
    ],
)
def test_an_answer_is_cut_between_characters_where_it_gets_too_long(
    deltas: list[str], expected: list[str]
) -> None:
    *said, ended = generation(*answering(*deltas), max_answer_bytes=8)
    assert said == expected
    whole = said == deltas
    assert isinstance(ended, Generated)
    assert ended.stop_reason == ("end_turn" if whole else "max_tokens")


def test_an_answer_that_was_cut_costs_one_call() -> None:
    *_, ended = generation(*answering("abcdefghi"), max_answer_bytes=8)
    assert ended == Generated("max_tokens", Usage(model_calls=1))


def test_a_cut_answer_abandons_its_call() -> None:
    executor = ThreadExecutor()
    call = FakeCall(PROMPT, [Delta("abcdefghi"), Gate()])
    [*generate(call, inbox(), executor, replace(LIMITS, max_answer_bytes=8))]
    assert call.abandoned.is_set()
    executor.join()


def test_a_large_delta_comes_in_pieces() -> None:
    text = "x" * (2 * MAX_PIECE_BYTES) + "🏋" * MAX_PIECE_BYTES
    *said, ended = generation(*answering(text))
    pieces = [piece for piece in said if isinstance(piece, str)]
    assert "".join(pieces) == text
    assert max(len(piece.encode()) for piece in pieces) <= MAX_PIECE_BYTES
    assert ended == Generated("end_turn", ANSWER_USAGE)


@given(
    st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=6), min_size=1), st.integers(1, 20)
)
def test_what_is_kept_is_a_beginning_of_what_was_said(deltas: list[str], room: int) -> None:
    *said, _ = generation(*answering(*deltas), max_answer_bytes=room)
    kept, whole = "".join(map(str, said)), "".join(deltas)
    assert whole.startswith(kept)
    assert len(kept.encode()) <= room
    assert kept == whole or len(whole.encode()) > room


@pytest.mark.parametrize(
    ("deltas", "said"),
    [
        (("Hi \ud83d", "\ude00 there"), "Hi 😀 there"),
        (("\ud83d", "\ude00"), "😀"),
        (("a\ud83d", "b"), "a\ufffdb"),
        (("\ude00a",), "\ufffda"),
        (("a", "\ud83d"), "a"),
    ],
)
def test_a_character_that_is_torn_between_deltas_is_put_together(deltas: tuple[str, ...], said: str) -> None:
    assert "".join(piece for piece in generation(*answering(*deltas)) if isinstance(piece, str)) == said
