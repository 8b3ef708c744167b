from concurrent.futures import Future
from typing import Final

import pytest

from libs.coach_conversation.errors import DeadlineReached, TurnCancelled, TurnLost
from libs.coach_conversation.inbox import SILENCE, Inbox
from tests.fakes.clock import FakeClock, RunningClock

SOON_S: Final = 0.001


def inbox(clock: FakeClock | None = None, *, left_s: float = 60.0) -> Inbox:
    clock = clock or FakeClock()
    return Inbox(clock, clock.monotonic_s() + left_s)


def test_what_came_is_taken_in_its_order() -> None:
    box = inbox()
    for thing in ("a", "b", "c"):
        box.put(thing)
    assert [box.take(1.0) for _ in range(3)] == ["a", "b", "c"]


def test_nothing_in_time_is_silence() -> None:
    assert inbox().take(SOON_S) is SILENCE


@pytest.mark.parametrize("signal", [TurnCancelled("stopped"), TurnLost("taken over")])
def test_a_signal_is_raised_from_the_wait(signal: Exception) -> None:
    box = inbox()
    box.put(signal)
    with pytest.raises(type(signal)) as caught:
        box.take(1.0)
    assert caught.value is signal


def test_other_errors_are_taken_like_anything_else() -> None:
    box, error = inbox(), ValueError("a bug")
    box.put(error)
    assert box.take(1.0) is error


def test_behind_the_deadline_nothing_is_taken() -> None:
    clock = FakeClock()
    box = inbox(clock, left_s=5.0)
    box.put("a")
    clock.advance(5.0)
    with pytest.raises(DeadlineReached):
        box.take(1.0)


def test_a_wait_ends_at_the_deadline() -> None:
    with pytest.raises(DeadlineReached):
        inbox(left_s=SOON_S).take(30.0)


def test_a_wait_within_the_deadline_ends_in_silence() -> None:
    assert inbox(left_s=30.0).take(SOON_S) is SILENCE


def test_a_future_that_is_done_is_not_waited_for() -> None:
    future: Future[str] = Future()
    future.set_result("done")
    assert inbox().wait(future, 1.0)


def test_a_future_that_failed_is_done_too() -> None:
    future: Future[str] = Future()
    future.set_exception(ValueError("a bug"))
    assert inbox().wait(future, 1.0)


def test_a_future_that_is_not_done_in_time_is_not_waited_for_longer() -> None:
    assert not inbox(RunningClock()).wait(Future(), SOON_S)


def test_while_a_future_is_waited_for_other_things_are_let_go() -> None:
    box, future = inbox(), Future[str]()
    box.put("left over")
    future.set_result("done")
    assert box.wait(future, 1.0)


def test_a_signal_ends_the_wait_for_a_future() -> None:
    box = inbox()
    box.put(TurnCancelled("stopped"))
    with pytest.raises(TurnCancelled):
        box.wait(Future(), 1.0)


def test_the_deadline_ends_the_wait_for_a_future() -> None:
    with pytest.raises(DeadlineReached):
        inbox(RunningClock(), left_s=SOON_S).wait(Future(), 30.0)


def test_a_pause_passes() -> None:
    inbox(RunningClock()).pause(SOON_S)


def test_a_pause_of_nothing_does_not_wait() -> None:
    inbox().pause(0.0)


def test_a_pause_is_not_cut_short_by_what_comes() -> None:
    clock = RunningClock()
    box, began_s = inbox(clock), clock.monotonic_s()
    box.put("a")
    box.pause(SOON_S)
    assert clock.monotonic_s() - began_s >= SOON_S


def test_a_signal_ends_a_pause() -> None:
    box = inbox()
    box.put(TurnCancelled("stopped"))
    with pytest.raises(TurnCancelled):
        box.pause(30.0)
