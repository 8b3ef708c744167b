from typing import Any, Final

from libs.coach_conversation.endings import Meter, Told, error_event, message_json, terminal_event
from libs.coach_conversation.errors import DeadlineReached, ModelThrottled, TurnCancelled, TurnError
from libs.coach_conversation.types import Ending, Message, MessageId, Part, TurnId, Usage
from libs.streaming.events import Complete, Error
from tests.fakes.ports import REF

TURN: Final = TurnId("t-1")
USAGE: Final = Usage(input_tokens=3, output_tokens=2, model_calls=2, cost_usd=0.0123456789)
USAGE_JSON: Final = {
    "inputTokens": 3,
    "outputTokens": 2,
    "cacheReadTokens": 0,
    "cacheWriteTokens": 0,
    "modelCalls": 2,
    "costUsd": 0.01234568,
}


def said(role: Any = "assistant", **changes: Any) -> Message:
    known: dict[str, Any] = {
        "message_id": MessageId("m-2"),
        "role": role,
        "parts": (Part("update", "Hi\n", "initial_greeting"), Part("answer", "Go.")),
        "turn_id": TURN,
        "status": "complete",
        "created_at": "2026-11-21T08:00:00.000Z",
    }
    return Message(**known | changes)


def test_an_answered_turn_is_completed() -> None:
    meter = Meter(started_s=100.0, usage=USAGE, router_ms=40)
    meter.first_delta(100.25)
    meter.first_delta(100.5)
    assert meter.ending(Told(stop_reason="end_turn"), 101.5) == Ending(
        status="completed",
        stop_reason="end_turn",
        usage=USAGE_JSON,
        timings={"firstTokenMs": 250, "totalMs": 1500, "routerMs": 40},
    )


def test_a_failed_turn_keeps_its_code_and_what_it_used() -> None:
    ending = Meter(started_s=0.0, usage=USAGE).ending(Told(failure=ModelThrottled("busy")), 0.1)
    assert ending == Ending(
        status="failed",
        error_code="MODEL_THROTTLED",
        error_message="busy",
        retryable=True,
        usage=USAGE_JSON,
        timings={"totalMs": 100},
    )


def test_a_stopped_turn_is_cancelled() -> None:
    ending = Meter(started_s=0.0).ending(Told(failure=TurnCancelled("stopped")), 0.0)
    assert (ending.status, ending.error_code, ending.retryable) == ("cancelled", "CANCELLED", False)


def test_complete_shows_both_messages_as_they_are_stored() -> None:
    ending = Ending(status="completed", stop_reason="max_tokens", usage={"a": 1}, timings={"b": 2})
    user, reply = said("user", message_id=MessageId("m-1"), parts=(Part("text", "Hello"),)), said()
    assert terminal_event(REF, TURN, ending, user, reply) == Complete(
        message_id="m-2",
        conversation_id="c-1",
        user_message=message_json(user),
        ai_message=message_json(reply),
        stop_reason="max_tokens",
        usage={"a": 1},
        timings={"b": 2},
    )


def test_an_error_holds_what_was_saved() -> None:
    ending = Ending(status="failed", error_code="DEADLINE", error_message="over", retryable=True)
    assert terminal_event(REF, TURN, ending, None, said()) == Error(
        "DEADLINE", "over", retryable=True, turn_id="t-1", saved_content="Hi\nGo."
    )


def test_an_error_of_a_turn_that_said_nothing_has_no_content() -> None:
    ending = Ending(status="interrupted", error_code="MODEL_STREAM_INTERRUPTED", error_message="broke off")
    event = terminal_event(REF, TURN, ending, said("user"), None)
    assert event == Error("MODEL_STREAM_INTERRUPTED", "broke off", retryable=False, turn_id="t-1")


def test_an_error_event_says_what_the_failure_says() -> None:
    event = error_event(DeadlineReached("over"), TURN, "so far")
    assert event == Error("DEADLINE", "over", retryable=True, turn_id="t-1", saved_content="so far")
    assert error_event(TurnError("oops"), TURN).code == "PROCESSING_ERROR"


def test_a_message_is_shown_the_same_everywhere() -> None:
    assert message_json(said("user", client_timestamp="2026-11-21T09:00")) == {
        "messageId": "m-2",
        "role": "user",
        "content": "Hi\nGo.",
        "parts": [
            {"type": "update", "text": "Hi\n", "stage": "initial_greeting"},
            {"type": "answer", "text": "Go."},
        ],
        "status": "complete",
        "turnId": "t-1",
        "createdAt": "2026-11-21T08:00:00.000Z",
        "messageTimestamp": "2026-11-21T09:00",
    }
    assert "messageTimestamp" not in message_json(said())


def test_a_model_sees_no_asides() -> None:
    assert said().model_text == "Go."


def test_usages_add_up() -> None:
    total = USAGE + Usage(1, 2, 3, 4, 1, 0.5)
    assert total == Usage(4, 4, 3, 4, 3, 0.5123456789)
