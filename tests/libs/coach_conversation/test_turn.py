"""A whole turn, from its first event to its last."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from typing import Any, Final

import pytest

from libs.coach_conversation.endings import Meter, message_json
from libs.coach_conversation.errors import (
    DeadlineReached,
    ModelRefused,
    ModelStreamInterrupted,
    ModelThrottled,
    ModelUnavailable,
    TurnCancelled,
    TurnLost,
)
from libs.coach_conversation.inbox import Inbox
from libs.coach_conversation.log import TurnLog
from libs.coach_conversation.ports import Delta, PromptMessage
from libs.coach_conversation.store import items
from libs.coach_conversation.store.table import Delete
from libs.coach_conversation.turn import RunningTurn, run_turn
from libs.coach_conversation.types import CoachTurn, Limits, Part
from libs.streaming.events import (
    Chunk,
    Complete,
    Contextual,
    Error,
    Notice,
    Progress,
    Start,
    TurnEvent,
    check_order,
)
from tests.fakes.clock import FakeClock, RunningClock
from tests.fakes.executors import ThreadExecutor
from tests.fakes.faults import refused
from tests.fakes.model import FakeModel, Gate, Step, answering, routing
from tests.fakes.ports import REF, FakeJournal, asked
from tests.libs.coach_conversation.scenes import Scene

GREETING: Final = "I hear you.\n"
"""The greeting of the turn that `asked()` names."""
BREWING: Final = {
    "userIntent": "question",
    "contextualUpdates": [{"stage": "insights_brewing", "content": "Digging into depth..."}],
}
FIRST: Final = asked("First", key="k-0")
SECRET: Final = "arn:aws:secret"


class Playing(Scene):
    """A turn that was admitted, and what happens to it while it is told.

    `before` happens before it is admitted.
    """

    def __init__(
        self,
        *answers: tuple[Step, ...],
        router: tuple[Step, ...] = routing(**BREWING),
        turn: CoachTurn | None = None,
        clock: FakeClock | None = None,
        before: Callable[[Scene], None] = lambda _: None,
        **overrides: Any,
    ) -> None:
        self.model = FakeModel(*answers, router=router)
        super().__init__(clock=clock or FakeClock(), overrides={"model": self.model, **overrides})
        before(self)
        self.admitted = self.admit(turn)
        self.inbox = Inbox(self.clock, self.clock.monotonic_s() + 60.0)
        self.meter = Meter(self.admitted.started_s)
        self.log = TurnLog(self.admitted.lease, self.ports, self.inbox.put)

    def play(self, *, at_chunk: Callable[[], None] = lambda: None) -> list[TurnEvent]:
        """Tell the turn to its end, in a legal order; `at_chunk` happens while a chunk goes out."""
        running = RunningTurn(admitted=self.admitted, inbox=self.inbox, log=self.log, meter=self.meter)
        events: list[TurnEvent] = []
        for event in run_turn(running, self.ports):
            events.append(event)
            if not isinstance(event, Complete | Error):
                self.log.append(event)
            if isinstance(event, Chunk):
                at_chunk()
        check_order(events)
        return events

    @property
    def unforeseen(self) -> list[tuple[str, str]]:
        journal = self.ports.journal
        assert isinstance(journal, FakeJournal)
        return journal.unforeseen


def shown(events: list[TurnEvent]) -> str:
    return "".join(event.content for event in events if isinstance(event, Chunk | Contextual))


def error_of(events: list[TurnEvent]) -> Error:
    assert isinstance(events[-1], Error)
    return events[-1]


# A plain turn


def test_a_turn_is_told_in_this_order() -> None:
    turn = Playing(answering("To ", "parallel."))
    *events, complete = turn.play()
    assert events == [
        Start(asked().turn_id, "c-1", turn.admitted.ids.assistant),
        Contextual("initial_greeting", GREETING),
        Progress("routing", "Reading your message"),
        Contextual("insights_brewing", "Digging into depth...\n\n"),
        Progress("generating", "Writing the answer"),
        Chunk("To "),
        Chunk("parallel."),
        Progress("saving", "Saving your conversation"),
    ]
    assert isinstance(complete, Complete)


def test_a_plain_turn_costs_two_model_calls() -> None:
    turn = Playing(answering("To parallel."))
    *_, complete = turn.play()
    assert isinstance(complete, Complete)
    assert [prompt.model_id for prompt in turn.model.prompts] == [
        "us.amazon.nova-micro-v1:0",
        "us.anthropic.claude-sonnet-5-5",
    ]
    assert complete.usage == {
        "inputTokens": 300,
        "outputTokens": 30,
        "cacheReadTokens": 0,
        "cacheWriteTokens": 0,
        "modelCalls": 2,
        "costUsd": 0.011,
    }


def test_what_is_saved_is_what_was_streamed_to_the_byte() -> None:
    turn = Playing(answering("Tö ", "para", "llel 🏋️‍♀️\n\n", " "))
    events = turn.play()
    _, reply = turn.messages()
    assert reply.content.encode() == shown(events).encode()
    assert reply.parts == (
        Part("update", GREETING, "initial_greeting"),
        Part("update", "Digging into depth...\n\n", "insights_brewing"),
        Part("answer", "Tö parallel 🏋️‍♀️\n\n "),
    )


def test_complete_holds_both_messages_as_they_are_stored() -> None:
    turn = Playing(answering("To parallel."))
    *_, complete = turn.play()
    user, reply = turn.messages()
    assert isinstance(complete, Complete)
    assert complete.user_message == message_json(user)
    assert complete.ai_message == message_json(reply)
    assert (complete.message_id, complete.stop_reason) == (turn.admitted.ids.assistant, "end_turn")


def test_the_log_holds_all_but_the_terminal_event() -> None:
    turn = Playing(answering("To parallel."))
    *events, _ = turn.play()
    assert turn.logged() == [*enumerate(events, start=1)]


def test_the_turn_is_over_in_the_store_when_complete_is_told() -> None:
    turn = Playing(answering("To parallel."))
    turn.play()
    assert turn.record().status == "completed"
    assert "activeTurn" not in turn.meta


def test_a_short_message_gets_its_answer_alone() -> None:
    turn = Playing(answering("You're welcome."), turn=asked("thanks"))
    assert [type(event) for event in turn.play()] == [Start, Progress, Progress, Chunk, Progress, Complete]


def test_the_times_are_those_of_the_clock() -> None:
    turn = Playing(answering("a"))
    turn.clock.advance(0.25)
    *_, complete = turn.play()
    assert isinstance(complete, Complete)
    assert complete.timings == {"firstTokenMs": 250, "totalMs": 250, "routerMs": 0}


# What the models are asked


def test_the_answer_follows_the_history() -> None:
    turn = Playing(answering("a"), before=lambda scene: scene.finish(scene.admit(FIRST), "Second"))
    turn.play()
    router_prompt, prompt = turn.model.prompts
    assert prompt.messages == (
        PromptMessage("user", "First"),
        PromptMessage("assistant", "Second"),
        PromptMessage("user", "How do I squat deeper?"),
    )
    assert "user: First\nassistant: Second" in router_prompt.messages[0].text


def test_the_answer_is_told_what_was_already_said_and_understood() -> None:
    turn = Playing(answering("a"))
    turn.play()
    moment = turn.model.answered[0].prompt.system[1]
    assert "Today is 2026-11-21 (UTC)" in moment
    assert "understood as: question" in moment
    assert "I hear you. Digging into depth..." in moment


# The router


def test_a_router_that_fails_gives_the_fallback() -> None:
    turn = Playing(answering("a"), router=(ModelUnavailable("away"),))
    events = turn.play()
    lines = [event for event in events if isinstance(event, Contextual)]
    assert [line.stage for line in lines] == ["initial_greeting", "insights_brewing"]
    assert isinstance(events[-1], Complete)


def test_a_router_that_speaks_nonsense_gives_the_fallback_and_is_paid() -> None:
    turn = Playing(answering("a"), router=routing(userIntent=42))
    *_, complete = turn.play()
    assert isinstance(complete, Complete)
    assert complete.usage["modelCalls"] == 2


def test_a_router_that_is_late_is_abandoned_and_the_turn_goes_on() -> None:
    executor = ThreadExecutor()
    turn = Playing(
        answering("a"),
        router=(Gate(),),
        executor=executor,
        clock=RunningClock(),
        limits=Limits(router_timeout_s=0.001),
    )
    *_, complete = turn.play()
    executor.join()
    assert isinstance(complete, Complete)
    assert turn.model.routed[0].abandoned.is_set()


def test_a_bug_in_the_router_is_not_taken_for_its_answer() -> None:
    turn = Playing(answering("a"), router=(ValueError(SECRET),))
    assert error_of(turn.play()).code == "PROCESSING_ERROR"
    assert turn.unforeseen == [("turn", f"ValueError('{SECRET}')")]


# How an answer ends


@pytest.mark.parametrize(
    ("reason", "notice"),
    [
        ("end_turn", None),
        ("stop_sequence", None),
        ("max_tokens", "truncated"),
        ("model_context_window_exceeded", "truncated"),
        ("guardrail_intervened", "guardrail"),
        ("content_filtered", "guardrail"),
    ],
)
def test_an_answer_that_ended_early_says_so(reason: str, notice: str | None) -> None:
    events = Playing(answering("a", stop=reason)).play()
    assert [event.kind for event in events if isinstance(event, Notice)] == ([notice] if notice else [])
    assert isinstance(events[-1], Complete)
    assert events[-1].stop_reason == reason


def test_an_answer_that_gets_too_long_is_cut_and_saved_as_it_was_shown() -> None:
    turn = Playing(answering("abcdefghi🏋"), limits=Limits(max_answer_bytes=11))
    events = turn.play()
    assert [event for event in events if isinstance(event, Chunk | Notice)] == [
        Chunk("abcdefghi"),
        Notice("truncated", "The answer reached its length limit; ask me to continue."),
    ]
    assert turn.messages()[1].parts[-1] == Part("answer", "abcdefghi")


# What goes wrong: one error, and what was said is saved

FAILURES: Final = [
    (ModelThrottled("busy"), "MODEL_THROTTLED", True),
    (ModelUnavailable("away"), "MODEL_UNAVAILABLE", True),
    (ModelRefused("no"), "MODEL_REFUSED", False),
    (ModelStreamInterrupted("broke off"), "MODEL_STREAM_INTERRUPTED", True),
]


@pytest.mark.parametrize(("failure", "code", "retryable"), FAILURES)
def test_an_answer_that_breaks_off_is_saved_as_far_as_it_came(
    failure: Exception, code: str, *, retryable: bool
) -> None:
    turn = Playing((Delta("To para"), failure))
    events = turn.play()
    assert error_of(events) == Error(
        code, str(failure), retryable, asked().turn_id, saved_content=shown(events)
    )
    _, reply = turn.messages()
    assert (reply.content, reply.status) == (shown(events), "partial")
    assert (turn.record().status, turn.record().has_reply) == ("failed", True)


@pytest.mark.parametrize(("failure", "code", "retryable"), FAILURES)
def test_an_answer_that_never_comes_saves_what_the_coach_said_before(
    failure: Exception, code: str, *, retryable: bool
) -> None:
    turn = Playing((failure,))
    error = error_of(turn.play())
    assert (error.code, error.retryable) == (code, retryable)
    assert error.saved_content == GREETING + "Digging into depth...\n\n"


def test_a_turn_of_a_short_message_that_fails_saves_no_answer() -> None:
    turn = Playing((ModelUnavailable("away"),), turn=asked("thanks"))
    assert error_of(turn.play()).saved_content is None
    assert len(turn.messages()) == 1


def test_a_call_that_fails_before_its_first_delta_gets_a_second_chance() -> None:
    turn = Playing((ModelThrottled("busy"),), answering("a"))
    events = turn.play()
    assert isinstance(events[-1], Complete)
    assert events[-1].usage["modelCalls"] == 3


def test_a_cancelled_turn_keeps_what_was_said() -> None:
    turn = Playing((Delta("To para"), Gate()), executor=ThreadExecutor(), limits=Limits())
    events = turn.play(at_chunk=lambda: turn.inbox.put(TurnCancelled("the answer was stopped")))
    assert error_of(events) == Error(
        "CANCELLED",
        "the answer was stopped",
        retryable=False,
        turn_id=asked().turn_id,
        saved_content=shown(events),
    )
    assert turn.record().status == "cancelled"
    assert turn.model.answered[0].abandoned.is_set()


@pytest.mark.parametrize("passed_s", [60.0, 61.0])
def test_a_turn_ends_at_its_deadline(passed_s: float) -> None:
    turn = Playing(answering("never"))
    turn.clock.advance(passed_s)
    error = error_of(turn.play())
    assert (error.code, error.retryable, error.saved_content) == ("DEADLINE", True, GREETING)
    assert turn.record().status == "failed"


def test_a_signal_while_the_router_is_asked_ends_the_turn_and_the_call() -> None:
    executor, gate = ThreadExecutor(), Gate()
    turn = Playing(answering("never"), router=(gate,), executor=executor)
    turn.admitted.background.result(10)

    def cancel() -> None:
        assert gate.reached.wait(10)
        turn.inbox.put(TurnCancelled("the answer was stopped"))

    executor.submit(cancel)
    assert error_of(turn.play()).code == "CANCELLED"
    assert [future.done() for future in executor.futures] == [True] * len(executor.futures)
    executor.join()


def test_a_turn_that_was_taken_over_ends_with_an_error_and_writes_nothing() -> None:
    turn = Playing(answering("never"))
    turn.inbox.put(TurnLost("another process took this turn over"))
    before = turn.stored.all()
    events = turn.play()
    assert error_of(events) == Error(
        "MODEL_STREAM_INTERRUPTED",
        "another process took this turn over",
        retryable=True,
        turn_id=asked().turn_id,
    )
    assert turn.stored.all() == before


def test_a_coach_that_is_gone_fails_the_turn() -> None:
    coach = Delete(items.coach_key(REF.user_id, REF.coach_id))
    turn = Playing(answering("never"), before=lambda scene: scene.stored.commit([coach]))
    assert error_of(turn.play()).code == "COACH_CONFIG_NOT_FOUND"


def test_a_history_that_cannot_be_read_fails_the_turn_before_a_model_is_asked() -> None:
    turn = Playing(answering("never"), before=lambda scene: scene.table.next("query", refused))
    error = error_of(turn.play())
    assert (error.code, error.retryable) == ("STORE_UNAVAILABLE", True)
    assert turn.model.calls == []


def test_reads_that_are_not_done_in_time_fail_the_turn() -> None:
    turn = Playing(answering("never"), clock=RunningClock(), limits=Limits(turns_per_minute=0))
    turn.ports = replace(turn.ports, limits=Limits(store_timeout_s=0.001))
    turn.admitted = replace(turn.admitted, background=Future())
    assert error_of(turn.play()).code == "STORE_UNAVAILABLE"


# What nobody foresaw


@pytest.mark.parametrize("before", [(), (Delta("To para"),)])
def test_a_bug_is_told_in_fixed_words_and_recorded(before: tuple[Step, ...]) -> None:
    turn = Playing((*before, ValueError(SECRET)))
    events = turn.play()
    assert error_of(events) == Error(
        "PROCESSING_ERROR",
        "something went wrong on our side; try again",
        retryable=True,
        turn_id=asked().turn_id,
        saved_content=shown(events),
    )
    assert turn.unforeseen == [("turn", f"ValueError('{SECRET}')")]
    assert turn.record().status == "failed"


def test_no_text_of_an_unknown_error_is_told_or_stored() -> None:
    turn = Playing((Delta("a"), ValueError(SECRET)))
    assert SECRET not in repr(turn.play())
    assert SECRET not in repr(turn.stored.all())


def test_a_deadline_is_no_bug() -> None:
    turn = Playing((Delta("a"), DeadlineReached("over")))
    turn.play()
    assert turn.unforeseen == []


# The store goes away


def test_a_store_that_goes_away_at_the_end_ends_the_stream_with_a_retryable_error() -> None:
    turn = Playing(answering("a"))
    events = turn.play(at_chunk=lambda: setattr(turn.table, "away", True))
    assert error_of(events) == Error(
        "STORE_UNAVAILABLE",
        "the answer could not be saved; ask again",
        retryable=True,
        turn_id=asked().turn_id,
    )
    assert turn.record().status == "processing"
