"""Watching a turn that another process began: read it, take it over, or be told how it ended."""

import time
from collections.abc import Iterator

import pytest

from libs.coach_conversation.types import Limits
from libs.lambda_runtime import Context
from libs.streaming.events import Chunk, Complete, Error, Start, TurnEvent, check_order, is_terminal
from stream_coach.deliveries.watching import Successor, Watched, join
from tests.fakes.clock import FakeClock
from tests.fakes.executors import HeldExecutor, ThreadExecutor
from tests.fakes.model import FakeModel, answering
from tests.libs.coach_conversation.scenes import Scene

LEASE_AND_SKEW_S = 17.5
QUICK = Limits(log_tick_s=0.001, turns_per_minute=0)


class PatientClock(FakeClock):
    """Whoever sleeps lets the threads of the turn go on."""

    def sleep(self, seconds: float) -> None:
        time.sleep(0.002)
        super().sleep(seconds)


class Elsewhere(Scene):
    """A turn that was admitted by a process of which nothing was heard since."""

    def __init__(self) -> None:
        self.model = FakeModel(answering("Warm ", "up."))
        self.threads = ThreadExecutor()
        super().__init__(
            clock=PatientClock(), overrides={"executor": self.threads, "model": self.model, "limits": QUICK}
        )
        self.admitted = self.admit()

    def join(self, *, after: int = 0) -> Watched:
        context = Context("r1", self.clock.monotonic_s() + 300, clock=self.clock.monotonic_s)
        return join(self.record(), context, self.ports, after=after)


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    scene = Elsewhere()
    yield scene
    scene.threads.join()


def read(watched: Watched) -> list[TurnEvent]:
    events: list[TurnEvent] = []
    while not (events and is_terminal(events[-1])):
        events += [event for _, event in watched.wait(60)]
    watched.finish()
    return events


def test_a_turn_whose_owner_died_before_it_spoke_is_run_by_who_joins(elsewhere: Elsewhere) -> None:
    elsewhere.clock.advance(LEASE_AND_SKEW_S)
    events = read(elsewhere.join())
    check_order(events)
    assert isinstance(events[-1], Complete)
    assert elsewhere.record().attempt == 2


def test_who_waits_while_the_owner_dies_runs_the_turn(elsewhere: Elsewhere) -> None:
    events = read(elsewhere.join())
    check_order(events)
    assert isinstance(events[-1], Complete)
    assert elsewhere.record().attempt == 2
    assert len(elsewhere.model.answered) == 1
    assert [message.role for message in elsewhere.messages()] == ["user", "assistant"]


def test_who_has_seen_some_of_it_never_has_it_run_again(elsewhere: Elsewhere) -> None:
    events = read(elsewhere.join(after=5))
    assert [type(event) for event in events] == [Error]
    assert elsewhere.model.answered == []
    assert elsewhere.record().status == "interrupted"


def test_what_was_logged_is_never_said_twice(elsewhere: Elsewhere) -> None:
    elsewhere.keep(elsewhere.admitted, [Start("t", "c", "m"), Chunk("Warm ")])
    events = read(elsewhere.join())
    assert events[:2] == [Start("t", "c", "m"), Chunk("Warm ")]
    assert isinstance(events[-1], Error)
    assert events[-1].saved_content == "Warm "
    assert elsewhere.model.answered == []


def test_two_who_wait_run_it_once(elsewhere: Elsewhere) -> None:
    first, second = elsewhere.join(), elsewhere.join()
    elsewhere.clock.advance(LEASE_AND_SKEW_S)
    assert read(first) == read(second)
    assert elsewhere.record().attempt == 2
    assert len(elsewhere.model.answered) == 1


def test_who_ran_the_turn_and_lost_it_too_does_not_run_it_again() -> None:
    dead = Scene()
    dead.admit()
    scene = Scene(stored=dead.stored, clock=dead.clock, overrides={"executor": HeldExecutor()})
    successor = Successor(Context("r1", 300, clock=scene.clock.monotonic_s), scene.ports)
    for status, attempt in (("processing", 2), ("interrupted", 2)):
        scene.clock.advance(LEASE_AND_SKEW_S)
        assert successor.settle(scene.record(), scene.clock.now_ms(), scene.ports)
        assert (scene.record().status, scene.record().attempt) == (status, attempt)
