"""The offline rules behind the extraction tools: what they find is what was said."""

from typing import Any

import pytest

from libs.coach_conversation.kept.memories import SavedMemory
from libs.coach_conversation.kept.summaries import SavedSummary
from libs.coach_conversation.kept.workouts import Workout
from local.bedrock_emulator.extraction import memory_in, summary_in, workout_in

NOW = "The message was written at 2026-11-21T08:00:00.000Z (UTC)."


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (
            "I did 5x5 squats at 100 kg today",
            {
                "discipline": "strength",
                "exercises": [("squat", 5, {"reps": 5, "load": {"value": 100, "unit": "kg"}})],
            },
        ),
        (
            "/log-workout bench press 3 sets of 8 with 135 lbs, deadlifts 3x5 at 140kg. RPE 8",
            {
                "discipline": "strength",
                "rpe": 8,
                "exercises": [
                    ("bench press", 3, {"reps": 8, "load": {"value": 135, "unit": "lb"}}),
                    ("deadlift", 3, {"reps": 5, "load": {"value": 140, "unit": "kg"}}),
                ],
            },
        ),
        (
            "Ran 5 km in 27:30 this morning",
            {"discipline": "cardio", "distance": {"value": 5, "unit": "km"}, "durationMinutes": 27.5},
        ),
        (
            "Yesterday I cycled for 1.5 hours, felt tired",
            {
                "discipline": "cardio",
                "durationMinutes": 90,
                "performedAt": "2026-11-20T08:00:00+00:00",
                "notes": "Yesterday I cycled for 1.5 hours, felt tired",
            },
        ),
        ("/log-workout yoga with my sister", {"discipline": "flexibility", "notes": "yoga with my sister"}),
    ],
)
def test_a_workout_is_written_down_as_it_was_said(words: str, found: dict[str, Any]) -> None:
    given = workout_in(words, NOW)
    Workout.model_validate(given)
    exercises = [{"name": name, "sets": [one] * count} for name, count, one in found.get("exercises", ())]
    assert {name: value for name, value in given.items() if value or name == "exercises"} == {
        **found,
        "exercises": exercises,
    }


@pytest.mark.parametrize(
    ("words", "content", "kind", "importance"),
    [
        (
            "Remember that my left knee hurts when I squat deep",
            "My left knee hurts when I squat deep",
            "constraint",
            "high",
        ),
        ("Please don't forget: I prefer training at 6 am", "I prefer training at 6 am", "preference", "low"),
        ("My goal is a first pull-up by summer", "My goal is a first pull-up by summer", "goal", "high"),
    ],
)
def test_a_memory_is_what_was_said_without_the_wish(
    words: str, content: str, kind: str, importance: str
) -> None:
    found = memory_in(words)
    SavedMemory.model_validate(found)
    assert (found["content"], found["type"], found["importance"]) == (content, kind, importance)


SAID = """person: My goal is a first pull-up by summer. I can only train on Monday and Friday.
coach: Good. Two days are enough.
person: I did 3x5 deadlifts at 120 kg today! How was that?
"""


def summed_up(previous: str, conversation: str) -> SavedSummary:
    whole = f"<previous>\n{previous}\n</previous>\n\n<conversation>\n{conversation}\n</conversation>"
    return SavedSummary.model_validate(summary_in(whole))


def test_a_summary_sorts_what_the_person_said() -> None:
    found = summed_up("(none yet)", SAID)
    assert found.current_goals == ("My goal is a first pull-up by summer",)
    assert found.recent_progress == ("I did 3x5 deadlifts at 120 kg today",)
    assert found.important_context == ("I can only train on Monday and Friday",)
    assert "deadlift" in found.conversation_tags


def test_a_summary_rolls_on_what_was_summed_up_before() -> None:
    earlier = "narrative: It began.\ncurrent_goals: Run 10 km; Sleep more\nconversation_tags: running"
    found = summed_up(earlier, SAID)
    assert found.narrative.startswith("It began.")
    assert found.current_goals == ("Run 10 km", "Sleep more", "My goal is a first pull-up by summer")
    assert found.conversation_tags[0] == "running"
