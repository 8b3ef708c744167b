"""Workouts in words, for models."""

from collections.abc import Mapping, Sequence
from typing import Any


def lines(workouts: Sequence[Mapping[str, Any]]) -> str:
    """Return the workouts as a model reads them: a line each, latest first."""
    return "\n".join(_line(workout) for workout in workouts)


def _line(workout: Mapping[str, Any]) -> str:
    distance, minutes, rpe = workout.get("distance"), workout.get("durationMinutes"), workout.get("rpe")
    parts = [
        *(_exercise(exercise) for exercise in workout["exercises"]),
        *([f"{distance['value']:g} {distance['unit']}"] if distance else []),
        *([f"{minutes:g} min"] if minutes else []),
        *([f"RPE {rpe:g}"] if rpe else []),
        *([workout["notes"]] if workout["notes"] else []),
    ]
    return f"{workout['completedAt'][:10]} {workout['discipline']}: {'; '.join(parts)}"


def _exercise(exercise: Mapping[str, Any]) -> str:
    """Return "squat 5x100kg 5x100kg": the sets as repetitions and load."""
    return " ".join([exercise["name"], *filter(None, map(_set, exercise["sets"]))])


def _set(one: Mapping[str, Any]) -> str:
    load = one.get("load")
    weight = "" if load is None or load["unit"] == "bodyweight" else f"{load['value']:g}{load['unit']}"
    return "x".join(filter(None, [f"{one['reps']}" if "reps" in one else "", weight]))
