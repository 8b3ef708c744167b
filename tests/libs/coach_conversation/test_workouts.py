"""Workouts: what counts as one, where it lies, and how it is read."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from libs.coach_conversation.errors import InvalidCursor, WorkoutNotFound
from libs.coach_conversation.kept import workout_lines, workouts
from libs.coach_conversation.kept.workouts import Workout
from libs.coach_conversation.types import UserId
from tests.fakes.ports import ALICE
from tests.libs.coach_conversation.follow_up_scenes import SQUATS, FollowedUp
from tests.libs.coach_conversation.test_follow_ups import LOGGING

RUN = {
    "discipline": "cardio",
    "exercises": [],
    "distance": {"value": 5, "unit": "km"},
    "durationMinutes": 27.5,
}


def logged(*extracted: object) -> FollowedUp:
    """Return a scene in which each of these was logged, a second apart."""
    scene = FollowedUp(LOGGING, save_workout=list(extracted))
    for number in range(len(extracted)):
        scene.do("workout", scene.say(f"I did workout {number} today", key=f"k-{number}"))
    return scene


def test_a_workout_is_kept_under_its_day_with_where_it_came_from() -> None:
    scene = logged(SQUATS)
    [said, _] = scene.messages()
    [item] = scene.kept("WKT#")
    assert (item["pk"], item["sk"]) == ("U#alice", f"WKT#2026-11-21T08:00:00.000Z#{said.message_id}")
    [shown] = workouts.page(ALICE, scene.ports, before=None, limit=10).workouts
    assert shown == {
        "workoutId": f"1795248000000-{said.message_id}",
        "completedAt": "2026-11-21T08:00:00.000Z",
        "loggedAt": "2026-11-21T08:00:01.000Z",
        "coachId": "atlas",
        "conversationId": "c-1",
        "turnId": said.turn_id,
        "discipline": "strength",
        "exercises": [{"name": "squat", "sets": [{"reps": 5, "load": {"value": 100, "unit": "kg"}}] * 5}],
        "notes": "",
    }


@pytest.mark.parametrize(
    ("performed_at", "completed_at"),
    [
        ("2026-11-20T18:30:00Z", "2026-11-20T18:30:00.000Z"),
        ("2026-11-20T18:30:00+02:00", "2026-11-20T16:30:00.000Z"),
        ("2026-11-20", "2026-11-20T00:00:00.000Z"),
        ("2027-01-01T00:00:00Z", "2026-11-21T08:00:00.000Z"),
        ("0001-01-01T00:00:00Z", "2026-11-21T08:00:00.000Z"),
        ("yesterday", "2026-11-21T08:00:00.000Z"),
        (None, "2026-11-21T08:00:00.000Z"),
    ],
)
def test_a_workout_was_done_when_the_message_says_and_never_after_it(
    performed_at: str | None, completed_at: str
) -> None:
    [item] = logged({**SQUATS, "performedAt": performed_at}).kept("WKT#")
    assert item["completedAt"] == completed_at


def test_pages_are_latest_first_and_their_cursor_leads_on() -> None:
    scene = logged(SQUATS, RUN, {**SQUATS, "notes": "felt easy"})
    first = workouts.page(ALICE, scene.ports, before=None, limit=2)
    assert [one["discipline"] for one in first.workouts] == ["strength", "cardio"]
    assert first.cursor is not None
    second = workouts.page(ALICE, scene.ports, before=first.cursor, limit=2)
    assert [one["notes"] for one in second.workouts] == [""]
    assert second.cursor is None


def test_nobody_sees_another_s_workouts() -> None:
    scene = logged(SQUATS)
    assert workouts.page(UserId("mallory"), scene.ports, before=None, limit=10).workouts == ()
    [item] = scene.kept("WKT#")
    with pytest.raises(WorkoutNotFound):
        workouts.delete(UserId("mallory"), item["workoutId"], scene.ports)
    assert len(scene.kept("WKT#")) == 1


def test_a_deleted_workout_is_gone() -> None:
    scene = logged(SQUATS)
    [item] = scene.kept("WKT#")
    workouts.delete(ALICE, item["workoutId"], scene.ports)
    assert scene.kept("WKT#") == []
    with pytest.raises(WorkoutNotFound):
        workouts.delete(ALICE, item["workoutId"], scene.ports)


@pytest.mark.parametrize("cursor", ["", "x", "1795248000000-x", "9999999999999-01ARZ3NDEKTSV4RRFFQ69G5FAVX"])
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    scene = logged()
    with pytest.raises(InvalidCursor):
        workouts.page(ALICE, scene.ports, before=cursor, limit=10)
    with pytest.raises(WorkoutNotFound):
        workouts.delete(ALICE, cursor, scene.ports)


@pytest.mark.parametrize(
    "value",
    [
        None,
        {},
        {"discipline": "strength", "exercises": []},
        {"discipline": "chess", "notes": "a long game"},
        {"discipline": "cardio", "distance": {"value": 0, "unit": "km"}},
        {"discipline": "cardio", "durationMinutes": -5},
        {"discipline": "cardio", "notes": "ok", "rpe": 11},
        {"discipline": "strength", "exercises": [{"name": "", "sets": []}]},
        {"discipline": "strength", "exercises": [{"name": "squat", "sets": [{"reps": -1}]}]},
    ],
)
def test_what_is_no_workout_is_not_taken_for_one(value: Any) -> None:
    with pytest.raises(ValidationError):
        Workout.model_validate(value)


NAMES = st.sampled_from(["discipline", "exercises", "notes", "sets", "performedAt"]) | st.text()
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner),
)


@given(JSON)
def test_whatever_a_model_gives_is_a_workout_or_refused(value: Any) -> None:
    try:
        workout = Workout.model_validate(value)
    except ValidationError:
        return
    workout.model_dump_json().encode()


def test_a_model_reads_a_line_for_each_workout() -> None:
    scene = logged({**SQUATS, "rpe": 8}, RUN, {"discipline": "flexibility", "exercises": [], "notes": "yoga"})
    page = workouts.page(ALICE, scene.ports, before=None, limit=10)
    assert workout_lines.lines(page.workouts).splitlines() == [
        "2026-11-21 flexibility: yoga",
        "2026-11-21 cardio: 5 km; 27.5 min",
        "2026-11-21 strength: squat 5x100kg 5x100kg 5x100kg 5x100kg 5x100kg; RPE 8",
    ]
