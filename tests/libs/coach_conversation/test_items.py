import json
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.coach_conversation.store import items, log_items
from libs.coach_conversation.types import (
    CoachId,
    Ending,
    Message,
    MessageId,
    Part,
    TurnId,
    TurnRecord,
)
from libs.streaming.events import Chunk, Contextual, Progress, Start, TurnEvent
from tests.fakes.ports import ALICE, ATLAS, REF, STARTER

NOW_MS: Final = 1_795_248_000_000


def message(*parts: Part, **changes: Any) -> Message:
    known: dict[str, Any] = {
        "message_id": MessageId("m-1"),
        "role": "assistant",
        "turn_id": TurnId("t-1"),
        "status": "complete",
        "created_at": "2026-11-21T08:00:00.000Z",
    }
    return Message(parts=parts, **known | changes)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (items.profile_key(ALICE), ("U#alice", "PROFILE")),
        (items.coach_key(ALICE, ATLAS), ("U#alice", "COACH#atlas")),
        (items.rate_key(ALICE, 29_920_800), ("U#alice", "RATE#29920800")),
        (items.meta_key(REF), ("U#alice#C#c-1", "META")),
        (items.turn_key(REF, TurnId("t-1")), ("U#alice#C#c-1", "TURN#t-1")),
        (items.message_key(REF, MessageId("01A")), ("U#alice#C#c-1", "M#01A")),
        (items.log_key(REF, TurnId("t-1"), 7), ("U#alice#C#c-1", "EV#t-1#00000007")),
    ],
)
def test_keys_are_those_of_the_design(key: tuple[str, str], expected: tuple[str, str]) -> None:
    assert tuple(key) == expected


def test_log_entries_are_in_the_order_of_their_numbers() -> None:
    keys = [items.log_key(REF, TurnId("t"), number) for number in (1, 9, 10, 99, 100, 12_345_678)]
    assert keys == sorted(keys)


def test_conversations_are_listed_by_activity() -> None:
    assert items.by_activity(REF, NOW_MS) == {"gsi1pk": "U#alice", "gsi1sk": "K#atlas#1795248000000#c-1"}
    assert items.by_activity(REF, 7)["gsi1sk"] == "K#atlas#0000000000007#c-1"


def test_due_turns_are_listed_by_time() -> None:
    assert items.due_at(REF, TurnId("t-1"), NOW_MS) == {
        "gsi1pk": "DUE",
        "gsi1sk": "1795248000000#c-1#t-1",
        "dueAt": NOW_MS,
    }


def test_parts_are_stored_as_lengths_into_the_content() -> None:
    said = message(Part("update", "Right on.\n", "initial_greeting"), Part("answer", "Squat 🏋️ deep."))
    assert items.message_item(said) == {
        "messageId": "m-1",
        "role": "assistant",
        "content": "Right on.\nSquat 🏋️ deep.",
        "parts": [
            {"kind": "update", "length": 10, "stage": "initial_greeting"},
            {"kind": "answer", "length": 14},
        ],
        "turnId": "t-1",
        "status": "complete",
        "createdAt": "2026-11-21T08:00:00.000Z",
    }


PARTS: Final = st.lists(
    st.builds(
        Part,
        st.sampled_from(["update", "answer", "text"]),
        st.text(st.characters(codec="utf-8")) | st.sampled_from(["🏋️‍♀️", "\U00020000" * 3, "e\u0301", ""]),
        st.none() | st.sampled_from(["initial_greeting", "insights_brewing"]),
    ),
    max_size=6,
)


@given(PARTS, st.none() | st.just("2026-11-21T09:00"))
def test_a_message_comes_back_as_it_was(parts: list[Part], client_timestamp: str | None) -> None:
    said = message(*parts, client_timestamp=client_timestamp, status="partial")
    stored = json.loads(json.dumps(items.message_item(said)))
    assert items.message_from(stored) == said


def test_a_turn_that_runs_has_no_ending() -> None:
    item = {
        "turnId": "t-1",
        "status": "streaming",
        "mode": "live",
        "attempt": 2,
        "leaseUntil": 15_000,
        "cancelRequested": True,
        "bodyHash": "b",
        "userMessageId": "m-1",
        "assistantMessageId": "m-2",
        "loggedUpTo": 7,
        "dueAt": 15_000,
    }
    assert items.turn_from(REF, item) == TurnRecord(
        conversation=REF,
        turn_id=TurnId("t-1"),
        status="streaming",
        mode="live",
        attempt=2,
        lease_until_ms=15_000,
        cancel_requested=True,
        body_hash="b",
        user_message_id=MessageId("m-1"),
        assistant_message_id=MessageId("m-2"),
        logged_up_to=7,
        due_at_ms=15_000,
    )


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled", "interrupted"])
def test_a_turn_that_is_over_has_its_ending(status: str) -> None:
    item = {
        "turnId": "t-1",
        "status": status,
        "mode": "queued",
        "attempt": 1,
        "leaseUntil": 0,
        "cancelRequested": False,
        "bodyHash": "b",
        "userMessageId": "m-1",
        "assistantMessageId": "m-2",
        "loggedUpTo": 7,
        "hasReply": True,
        "stopReason": "end_turn",
        "usage": {"inputTokens": 1},
        "timings": {"totalMs": 2},
    }
    record = items.turn_from(REF, item)
    assert record.has_reply
    assert record.is_terminal
    assert record.ending == Ending(
        status=record.status, stop_reason="end_turn", usage={"inputTokens": 1}, timings={"totalMs": 2}
    )


def test_a_coach_comes_back_as_it_was() -> None:
    coach = items.coach_from(STARTER)
    assert (coach.coach_id, coach.name, coach.specialities, coach.goals) == (
        "atlas",
        "Atlas",
        ("squats",),
        (),
    )
    assert items.coach_from(items.coach_item(coach)) == coach


def test_a_coach_needs_no_more_than_a_name_and_a_persona() -> None:
    coach = items.coach_from({"coachId": "nova", "name": "Nova", "persona": "Quick."})
    assert (coach.coach_id, coach.style, coach.limits) == (CoachId("nova"), "", ())


def test_a_log_entry_expires_after_a_day() -> None:
    entry = log_items.log_item(TurnId("t-1"), 4, [Chunk("ü"), Progress("saving", "s")], NOW_MS)
    assert entry == {
        "turnId": "t-1",
        "firstNumber": 4,
        "events": '[{"type":"chunk","content":"ü"},{"type":"progress","stage":"saving","message":"s"}]',
        "ttl": 1_795_248_000 + 86_400,
    }


@given(st.lists(st.lists(st.text(), min_size=1, max_size=4), max_size=4))
def test_the_events_of_a_log_come_back_with_their_numbers(entries: list[list[str]]) -> None:
    stored, expected = list[dict[str, Any]](), list[tuple[int, TurnEvent]]()
    for texts in entries:
        events = [Chunk(text) for text in texts]
        stored.append(log_items.log_item(TurnId("t-1"), len(expected) + 1, events, NOW_MS))
        expected += enumerate(events, start=len(expected) + 1)
    assert log_items.events_from(stored) == expected


def test_a_log_holds_events_of_every_kind() -> None:
    events: list[TurnEvent] = [Start("t-1", "c-1", "m-2"), Contextual("initial_greeting", "Hi\n"), Chunk("a")]
    entry = log_items.log_item(TurnId("t-1"), 1, events, NOW_MS)
    assert log_items.events_from([entry]) == [(1, events[0]), (2, events[1]), (3, events[2])]
