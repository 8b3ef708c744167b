import json
from typing import Any, Final, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.streaming.events import (
    Chunk,
    Complete,
    Contextual,
    Error,
    IllegalOrder,
    Notice,
    Progress,
    Recall,
    Start,
    TurnEvent,
    check_order,
    from_record,
    is_terminal,
    to_record,
)

START: Final = Start("t-1", "c-1", "m-2")
COMPLETE: Final = Complete(
    message_id="m-2",
    conversation_id="c-1",
    user_message={"messageId": "m-1"},
    ai_message={"messageId": "m-2", "content": "Go.", "parts": []},
    stop_reason="end_turn",
    usage={"inputTokens": 1},
    timings={"totalMs": 2},
)
ERROR: Final = Error("DEADLINE", "over", retryable=True)
RECORDS: Final[list[tuple[TurnEvent, dict[str, Any]]]] = [
    (
        START,
        {
            "type": "start",
            "status": "initialized",
            "turnId": "t-1",
            "conversationId": "c-1",
            "messageId": "m-2",
        },
    ),
    (Progress("routing", "Reading"), {"type": "progress", "stage": "routing", "message": "Reading"}),
    (
        Contextual("initial_greeting", "I hear you.\n"),
        {"type": "contextual", "stage": "initial_greeting", "content": "I hear you.\n"},
    ),
    (
        Recall(({"memoryId": "mem-1", "snippet": "bad knee", "score": 0.5, "source": "memory"},)),
        {
            "type": "recall",
            "memories": [{"memoryId": "mem-1", "snippet": "bad knee", "score": 0.5, "source": "memory"}],
        },
    ),
    (Chunk("Grüße 🏋️"), {"type": "chunk", "content": "Grüße 🏋️"}),
    (Notice("truncated", "Cut."), {"type": "notice", "kind": "truncated", "message": "Cut."}),
    (
        COMPLETE,
        {
            "type": "complete",
            "status": "finished",
            "messageId": "m-2",
            "conversationId": "c-1",
            "userMessage": {"messageId": "m-1"},
            "aiMessage": {"messageId": "m-2", "content": "Go.", "parts": []},
            "stopReason": "end_turn",
            "usage": {"inputTokens": 1},
            "timings": {"totalMs": 2},
        },
    ),
    (
        Error("CANCELLED", "stopped", retryable=False, turn_id="t-1", saved_content=""),
        {
            "type": "error",
            "code": "CANCELLED",
            "message": "stopped",
            "retryable": False,
            "turnId": "t-1",
            "savedContent": "",
        },
    ),
    (ERROR, {"type": "error", "code": "DEADLINE", "message": "over", "retryable": True}),
]


@pytest.mark.parametrize(("event", "record"), RECORDS, ids=lambda value: type(value).__name__)
def test_an_event_has_its_record(event: TurnEvent, record: dict[str, Any]) -> None:
    assert to_record(event) == record


def test_every_event_has_a_record_in_this_table() -> None:
    assert {type(event) for event, _ in RECORDS} == set(get_args(TurnEvent.__value__))


@pytest.mark.parametrize(("event", "record"), RECORDS, ids=lambda value: type(value).__name__)
def test_the_type_comes_first(event: TurnEvent, record: dict[str, Any]) -> None:
    assert next(iter(to_record(event))) == "type"


def test_a_message_that_is_not_known_is_left_out() -> None:
    complete = Complete("m-2", "c-1", None, {}, "end_turn", {}, {})
    assert "userMessage" not in to_record(complete)


LOGGED: Final = st.one_of(
    st.builds(Start, st.text(), st.text(), st.text()),
    st.builds(Progress, st.sampled_from(["routing", "saving"]), st.text()),
    st.builds(Contextual, st.text(), st.text()),
    st.builds(Chunk, st.text()),
    st.builds(Notice, st.just("fallback"), st.text()),
    st.builds(
        Recall, st.lists(st.fixed_dictionaries({"snippet": st.text(), "score": st.floats(0, 1)})).map(tuple)
    ),
)


@given(LOGGED)
def test_what_is_logged_comes_back(event: TurnEvent) -> None:
    assert from_record(json.loads(json.dumps(to_record(event)))) == event


@pytest.mark.parametrize("terminal", [COMPLETE, ERROR])
def test_a_log_holds_no_terminal_events(terminal: TurnEvent) -> None:
    with pytest.raises(IllegalOrder, match="a log holds no"):
        from_record(to_record(terminal))


@pytest.mark.parametrize(("event", "_"), RECORDS, ids=lambda value: type(value).__name__)
def test_complete_and_error_are_terminal(event: TurnEvent, _: object) -> None:
    assert is_terminal(event) == isinstance(event, Complete | Error)


MIDDLE: Final = [
    Progress("routing", "a"),
    Contextual("x", "b"),
    Recall(()),
    Notice("fallback", "c"),
    Chunk("d"),
]


@pytest.mark.parametrize(
    "events",
    [
        [START, COMPLETE],
        [START, ERROR],
        [START, *MIDDLE, COMPLETE],
        [START, *reversed(MIDDLE), *MIDDLE, ERROR],
        [ERROR],
    ],
)
def test_a_legal_stream_passes(events: list[TurnEvent]) -> None:
    check_order(events)


@pytest.mark.parametrize(
    ("events", "complaint"),
    [
        ([], "the stream has no terminal event"),
        ([START], "the stream has no terminal event"),
        ([START, *MIDDLE], "the stream has no terminal event"),
        ([COMPLETE], "event 1 is Complete; `start` comes first, and once"),
        ([Chunk("a"), START, COMPLETE], "event 1 is Chunk; `start` comes first, and once"),
        ([START, START, COMPLETE], "event 2 is Start; `start` comes first, and once"),
        ([START, Chunk("a"), START, ERROR], "event 3 is Start; `start` comes first, and once"),
        ([START, COMPLETE, Chunk("a")], "event 3 follows the terminal event: Chunk(content='a')"),
        ([START, ERROR, COMPLETE], "event 3 follows the terminal event: Complete("),
        ([ERROR, START], "event 2 follows the terminal event: Start("),
    ],
)
def test_an_illegal_stream_is_named(events: list[TurnEvent], complaint: str) -> None:
    with pytest.raises(IllegalOrder) as caught:
        check_order(events)
    assert str(caught.value).startswith(complaint)
