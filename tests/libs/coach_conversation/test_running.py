"""A turn that runs beside whoever watches it, in threads, with its log."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from typing import Any, Final

import pytest

from libs.coach_conversation import running
from libs.coach_conversation.ports import Delta
from libs.coach_conversation.recovery import find_turn
from libs.coach_conversation.types import Limits
from libs.streaming.events import (
    Chunk,
    Complete,
    Contextual,
    Error,
    Start,
    TurnEvent,
    check_order,
    is_terminal,
)
from tests.fakes.executors import ThreadExecutor
from tests.fakes.faults import preceded_by
from tests.fakes.model import FakeModel, Gate, Step, answering
from tests.fakes.ports import REF, FakeJournal, asked
from tests.libs.coach_conversation.scenes import Scene

QUICK: Final = Limits(log_tick_s=0.001, turns_per_minute=0)


class Threaded(Scene):
    """A turn that was admitted, on threads of its own."""

    def __init__(self, *answers: tuple[Step, ...], limits: Limits = QUICK) -> None:
        self.model = FakeModel(*answers)
        self.threads = ThreadExecutor()
        super().__init__(overrides={"executor": self.threads, "model": self.model, "limits": limits})
        self.admitted = self.admit()

    def start(self, *, left_s: float = 60.0) -> running.Started:
        return running.start(self.admitted, self.ports, deadline_s=self.clock.monotonic_s() + left_s)

    @property
    def journal(self) -> FakeJournal:
        journal = self.ports.journal
        assert isinstance(journal, FakeJournal)
        return journal


def watched(started: running.Started) -> list[TurnEvent]:
    """Read the turn to its end, and wait until nothing of it runs any more."""
    wait = started.feed.reader()
    events: list[TurnEvent] = []
    while not (events and is_terminal(events[-1])):
        events += [event for _, event in wait(10.0)]
    started.ended.result(10)
    check_order(events)
    return events


def test_a_turn_is_told_to_its_end_and_saved() -> None:
    turn = Threaded(answering("To ", "parallel."))
    events = watched(turn.start())
    turn.threads.join()
    assert isinstance(events[-1], Complete)
    assert events[-1].ai_message["content"] == "".join(
        event.content for event in events if isinstance(event, Chunk | Contextual)
    )
    assert turn.record().status == "completed"


def test_the_log_is_what_was_told() -> None:
    turn = Threaded(answering("To ", "parallel."))
    events = watched(turn.start())
    turn.threads.join()
    assert turn.logged() == [*enumerate(events[:-1], start=1)]


def test_a_turn_runs_though_nobody_watches() -> None:
    turn = Threaded(answering("To parallel."))
    turn.start().ended.result(10)
    turn.threads.join()
    assert turn.record().status == "completed"


def test_what_was_said_is_logged_while_the_model_thinks() -> None:
    gate = Gate()
    turn = Threaded((Delta("To "), gate, *answering("parallel.")))
    logged = threading.Event()
    turn.table.next("commit", preceded_by(logged.set))
    started = turn.start()
    assert gate.reached.wait(10)
    assert logged.wait(10)
    gate.open()
    assert isinstance(watched(started)[-1], Complete)
    turn.threads.join()


def test_a_cancel_from_elsewhere_stops_the_turn_while_the_model_thinks() -> None:
    gate = Gate()
    turn = Threaded((Delta("To para"), gate))
    started = turn.start()
    assert gate.reached.wait(10)
    turn.change_turn(cancelRequested=True)
    events = watched(started)
    turn.threads.join()
    assert isinstance(events[-1], Error)
    assert events[-1].code == "CANCELLED"
    assert (events[-1].saved_content or "").endswith("To para")
    assert turn.record().status == "cancelled"
    assert turn.model.answered[0].abandoned.is_set()


def test_a_turn_that_was_taken_over_stops() -> None:
    gate = Gate()
    turn = Threaded((Delta("To para"), gate))
    started = turn.start()
    assert gate.reached.wait(10)
    turn.change_turn(attempt=2)
    events = watched(started)
    turn.threads.join()
    assert isinstance(events[-1], Error)
    assert events[-1].code == "MODEL_STREAM_INTERRUPTED"
    assert len(turn.messages()) == 1


def test_a_deadline_ends_the_turn() -> None:
    gate = Gate()
    turn = Threaded((Delta("To para"), gate))
    started = turn.start(left_s=0.05)
    events = watched(started)
    turn.threads.join()
    assert isinstance(events[-1], Error)
    assert events[-1].code == "DEADLINE"


def test_nothing_of_the_turn_runs_once_it_has_ended() -> None:
    turn = Threaded((Delta("a"), Gate()))
    turn.change_turn(cancelRequested=True)
    turn.start().ended.result(10)
    assert [future.done() for future in turn.threads.futures] == [True] * len(turn.threads.futures)


# The one line a turn


def test_a_turn_writes_one_line_at_its_end() -> None:
    turn = Threaded(answering("a"))
    watched(turn.start())
    turn.threads.join()
    (line,) = turn.journal.turns
    assert line == {
        "turnId": asked().turn_id,
        "outcome": "completed",
        "code": None,
        "routerMs": 0,
        "firstTokenMs": 0,
        "totalMs": 0,
        "inputTokens": 300,
        "outputTokens": 30,
        "cacheReadTokens": 0,
        "cacheWriteTokens": 0,
        "modelCalls": 2,
        "costUsd": 0.011,
    }


def test_the_line_of_a_failed_turn_names_its_code() -> None:
    turn = Threaded((Delta("a"), ValueError("secret")))
    watched(turn.start())
    turn.threads.join()
    (line,) = turn.journal.turns
    assert (line["outcome"], line["code"]) == ("ended", "PROCESSING_ERROR")


def test_no_line_holds_a_persons_words() -> None:
    turn = Threaded(answering("To parallel."))
    watched(turn.start())
    turn.threads.join()
    assert "squat" not in repr(turn.journal.turns)
    assert "parallel" not in repr(turn.journal.turns)


# Nothing may keep the readers waiting


class BrokenJournal(FakeJournal):
    """Cannot write its line."""

    def turn_ended(self, fields: Any) -> None:
        raise OSError("the disk is full")


def test_a_line_that_cannot_be_written_does_not_keep_the_end_from_anybody() -> None:
    turn = Threaded(answering("a"))
    journal = BrokenJournal()
    turn.ports = replace(turn.ports, journal=journal)
    events = watched(turn.start())
    turn.threads.join()
    assert isinstance(events[-1], Complete)
    assert journal.unforeseen == [("turn end", "OSError('the disk is full')")]


def test_a_bug_at_the_end_of_a_turn_ends_the_stream_in_fixed_words() -> None:
    turn = Threaded(answering("a"))

    def broken() -> None:
        raise ValueError("secret")

    turn.table.at("commit", 2, preceded_by(broken))
    turn.ports = replace(turn.ports, limits=replace(QUICK, log_tick_s=60.0))
    events = watched(turn.start())
    turn.threads.join()
    assert events[-1] == Error(
        "PROCESSING_ERROR",
        "something went wrong on our side; try again",
        retryable=True,
        turn_id=asked().turn_id,
    )
    assert turn.journal.unforeseen == [("turn end", "ValueError('secret')")]


class FullExecutor(ThreadExecutor):
    """Takes one piece of work and then no more."""

    def submit[T](self, work: Callable[[], T], /) -> Future[T]:
        if self.futures:
            raise RuntimeError("cannot start new thread")
        return super().submit(work)


def test_a_turn_that_cannot_even_begin_ends_its_stream() -> None:
    turn = Threaded(answering("a"))
    turn.ports = replace(turn.ports, executor=FullExecutor())
    events = watched(turn.start())
    turn.threads.join()
    assert [type(event) for event in events] == [Error]
    assert turn.journal.unforeseen == [("turn end", "RuntimeError('cannot start new thread')")]


@pytest.mark.parametrize("attempt", [1, 2])
def test_events_are_numbered_from_one_in_every_attempt(attempt: int) -> None:
    turn = Threaded(answering("a"))
    lease = replace(turn.admitted.lease, attempt=attempt)
    turn.change_turn(attempt=attempt)
    turn.admitted = replace(turn.admitted, lease=lease)
    started = turn.start()
    ((number, event), *_) = started.feed.reader()(10.0)
    started.ended.result(10)
    turn.threads.join()
    assert isinstance(event, Start)
    assert number == 1
    record = find_turn(REF, asked().turn_id, turn.ports)
    assert record is not None
    assert record.status == "completed"
