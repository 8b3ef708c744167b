from collections.abc import Sequence
from typing import Any, Final

import pytest

from libs.coach_conversation.endings import Meter, Told, message_json
from libs.coach_conversation.errors import (
    DeadlineReached,
    ModelUnavailable,
    StoreUnavailable,
    TurnCancelled,
    TurnError,
)
from libs.coach_conversation.log import TurnLog
from libs.coach_conversation.saving import RETRY_DELAYS_S, save, user_message
from libs.coach_conversation.types import Part, Usage
from libs.streaming.events import Chunk, Complete, Contextual, Error, Start, Terminal, TurnEvent
from tests.fakes.faults import Fault, lost, preceded_by, refused
from tests.fakes.ports import asked
from tests.libs.coach_conversation.scenes import Scene

DONE: Final = Told(stop_reason="end_turn")
TOLD: Final[list[TurnEvent]] = [
    Contextual("initial_greeting", "Right on.\n"),
    Chunk("To "),
    Chunk("parallel."),
]
PARTS: Final = (Part("update", "Right on.\n", "initial_greeting"), Part("answer", "To parallel."))
LOST: Final = Error(
    "MODEL_STREAM_INTERRUPTED",
    "another process took this turn over",
    retryable=True,
    turn_id=asked().turn_id,
)
NOT_SAVED: Final = Error(
    "STORE_UNAVAILABLE",
    "the answer could not be saved; ask again",
    retryable=True,
    turn_id=asked().turn_id,
)


class Ending(Scene):
    """A turn that has told all it had to tell, most of it not yet logged."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.admitted = self.admit()
        self.log = TurnLog(self.admitted.lease, self.ports, lambda _: None)
        self.meter = Meter(self.admitted.started_s, usage=Usage(model_calls=2, cost_usd=0.00000035))
        self.table.done.clear()

    def save(self, told: Told = DONE, events: Sequence[TurnEvent] = TOLD) -> Terminal:
        for event in (Start("t", "c", "m"), *events):
            self.log.append(event)
        return save(self.admitted, told, told_events=events, meter=self.meter, log=self.log, ports=self.ports)


def test_complete_comes_when_the_answer_is_saved() -> None:
    turn = Ending()
    turn.clock.advance(1.5)
    event = turn.save()
    user, reply = turn.messages()
    assert event == Complete(
        message_id=reply.message_id,
        conversation_id="c-1",
        user_message=message_json(user),
        ai_message=message_json(reply),
        stop_reason="end_turn",
        usage=turn.meter.usage.to_json(),
        timings={"totalMs": 1500},
    )
    assert turn.record().status == "completed"
    assert "activeTurn" not in turn.meta


def test_what_is_saved_is_what_was_told() -> None:
    turn = Ending()
    turn.save()
    _, reply = turn.messages()
    assert (reply.parts, reply.content, reply.status) == (PARTS, "Right on.\nTo parallel.", "complete")
    assert reply.message_id == turn.admitted.ids.assistant
    assert reply.turn_id == turn.admitted.turn.turn_id


def test_the_message_in_complete_is_the_one_that_t1_stored() -> None:
    turn = Ending()
    assert [user_message(turn.admitted)] == turn.messages()


def test_the_log_is_whole_before_the_turn_ends() -> None:
    turn = Ending()
    turn.save()
    assert [event for _, event in turn.logged()] == [Start("t", "c", "m"), *TOLD]
    assert turn.record().logged_up_to == 4
    assert turn.table.done == ["commit", "commit"]


@pytest.mark.parametrize(
    ("failure", "status", "code", "retryable"),
    [
        (ModelUnavailable("away"), "failed", "MODEL_UNAVAILABLE", True),
        (DeadlineReached("over"), "failed", "DEADLINE", True),
        (TurnCancelled("stopped"), "cancelled", "CANCELLED", False),
        (TurnError("oops"), "failed", "PROCESSING_ERROR", False),
    ],
)
def test_a_turn_that_failed_saves_what_was_said(
    failure: TurnError, status: str, code: str, *, retryable: bool
) -> None:
    turn = Ending()
    assert turn.save(Told(failure=failure)) == Error(
        code, str(failure), retryable, asked().turn_id, "Right on.\nTo parallel."
    )
    assert turn.record().status == status
    assert [message.status for message in turn.messages()] == ["complete", "partial"]


def test_a_turn_that_failed_before_it_said_anything_saves_no_answer() -> None:
    turn = Ending()
    event = turn.save(Told(failure=ModelUnavailable("away")), [])
    assert event == Error("MODEL_UNAVAILABLE", "away", retryable=True, turn_id=asked().turn_id)
    assert len(turn.messages()) == 1
    assert not turn.record().has_reply


def test_a_turn_that_ends_without_a_word_is_not_completed() -> None:
    turn = Ending()
    event = turn.save(Told(stop_reason="max_tokens"), [])
    assert isinstance(event, Error)
    assert (event.code, event.retryable) == ("MODEL_STREAM_INTERRUPTED", True)
    assert turn.record().status == "failed"


# The store


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("fault", [refused, lost])
def test_a_write_that_fails_once_is_repeated(number: int, fault: Fault) -> None:
    turn = Ending()
    turn.table.at("commit", number, fault)
    assert isinstance(turn.save(), Complete)
    assert turn.record().status == "completed"
    assert [event for _, event in turn.logged()] == [Start("t", "c", "m"), *TOLD]
    assert turn.clock.slept == [RETRY_DELAYS_S[0]]


def test_t2_keeps_its_token_over_retries() -> None:
    turn = Ending()
    turn.table.next("commit", lost, lost, refused)
    turn.save()
    assert turn.table.tokens[-2:] == [f"{turn.admitted.ids.assistant}-1"] * 2


def test_a_store_that_comes_back_in_time_gets_the_answer() -> None:
    turn = Ending()
    turn.table.next("commit", *[refused] * len(RETRY_DELAYS_S))
    assert isinstance(turn.save(), Complete)
    assert turn.clock.slept == list(RETRY_DELAYS_S)


def test_a_store_that_stays_away_ends_the_stream_with_a_retryable_error() -> None:
    turn = Ending()
    turn.table.away = True
    assert turn.save() == NOT_SAVED
    assert turn.clock.slept == list(RETRY_DELAYS_S)
    assert turn.record().status == "processing"
    assert len(turn.messages()) == 1


def test_the_retries_end_within_what_is_left_of_a_lease() -> None:
    assert sum(RETRY_DELAYS_S) <= 10 - 3


# Somebody else


def test_a_turn_that_was_taken_over_says_so_and_writes_nothing() -> None:
    turn = Ending()
    turn.change_turn(attempt=2)
    assert turn.save() == LOST
    assert len(turn.messages()) == 1
    assert turn.record().status == "processing"


def test_a_turn_that_was_folded_while_it_was_saved_stays_folded() -> None:
    turn = Ending()
    turn.table.at("commit", 2, preceded_by(lambda: turn.change_turn(status="interrupted")))
    assert turn.save() == LOST
    assert turn.record().status == "interrupted"


def test_a_t2_whose_answer_was_lost_and_whose_token_is_forgotten_is_recognised() -> None:
    turn = Ending()

    def lost_and_forgotten(operation: Any) -> Any:
        operation()
        turn.stored.forget_tokens()
        raise StoreUnavailable("the answer is lost")

    turn.table.at("commit", 2, lost_and_forgotten)
    assert isinstance(turn.save(), Complete)
    assert turn.meta["messageCount"] == 2


def test_a_t2_of_unknown_outcome_is_not_called_saved_while_nobody_can_tell() -> None:
    turn = Ending()
    turn.change_turn(status="cancelled")
    turn.log = TurnLog(turn.admitted.lease, turn.ports, lambda _: None)
    turn.table.next("read", refused)
    event = save(turn.admitted, DONE, told_events=TOLD, meter=turn.meter, log=turn.log, ports=turn.ports)
    assert event == LOST


def test_a_conversation_that_is_being_deleted_takes_no_answer() -> None:
    turn = Ending()
    turn.table.at("commit", 2, preceded_by(lambda: turn.change_meta(activeTurn="none")))
    assert turn.save() == LOST
    assert len(turn.messages()) == 1
