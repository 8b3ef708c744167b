"""Workouts: what was trained, extracted from a message, stored once, listed by day."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, model_validator

from libs.coach_conversation import extraction, items
from libs.coach_conversation.errors import InvalidCursor, WorkoutNotFound
from libs.coach_conversation.ids import is_ulid, iso
from libs.coach_conversation.ports import Ports
from libs.coach_conversation.table import (
    Absent,
    ConditionFailed,
    Delete,
    Exists,
    Item,
    Key,
    Put,
    Query,
    Table,
    Write,
)
from libs.coach_conversation.tools import ShortText, ToolInput, tool_of
from libs.coach_conversation.types import Message, TurnRecord, UserId

type Discipline = Literal["strength", "cardio", "flexibility", "skill", "competition", "recovery", "hybrid"]
type LoadUnit = Literal["kg", "lb", "bodyweight"]
type DistanceUnit = Literal["m", "km", "mi"]

RECENT: Final = 5
_ID: Final = re.compile(r"(\d{13})-([0-9A-Z]{26})", re.ASCII)


class Load(ToolInput):
    value: Annotated[float, Field(ge=0, le=2000)]
    unit: LoadUnit


class ExerciseSet(ToolInput):
    reps: Annotated[int, Field(ge=0, le=100_000)] | None = None
    load: Load | None = None


class Exercise(ToolInput):
    name: Annotated[ShortText, Field(min_length=1)]
    sets: Annotated[tuple[ExerciseSet, ...], Field(max_length=100)] = ()


class Distance(ToolInput):
    value: Annotated[float, Field(gt=0, le=100_000)]
    unit: DistanceUnit


class Workout(ToolInput):
    """A workout as a model wrote it down."""

    discipline: Discipline
    exercises: Annotated[tuple[Exercise, ...], Field(max_length=50)] = ()
    distance: Distance | None = None
    duration_minutes: Annotated[float, Field(gt=0, le=6000)] | None = None
    rpe: Annotated[float, Field(ge=1, le=10)] | None = None
    notes: ShortText = ""
    performed_at: ShortText | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.exercises or self.distance or self.duration_minutes or self.notes.strip()):
            raise ValueError("a workout has an exercise, a distance, a duration or a note")
        return self


TOOL: Final = tool_of(
    "save_workout", "Write the workout down.", Workout, required=("discipline", "exercises")
)


@dataclass(frozen=True, slots=True)
class WorkoutPage:
    """Some workouts, latest first; `cursor` asks for those before them."""

    workouts: tuple[Mapping[str, Any], ...]
    cursor: str | None


def effect(record: TurnRecord, said: Message, ports: Ports) -> list[Write]:
    """Extract the workout of a message and return the write that keeps it.

    Raises  ExtractionMalformed, ModelFailed
    """
    prompt = extraction.ask_about(said, system="workout_system", tool=TOOL, model_id=ports.router_model_id)
    workout = extraction.extract(Workout, prompt, ports)
    ref, said_ms = record.conversation, _milliseconds(said.created_at) or ports.clock.now_ms()
    completed_ms = min(_milliseconds(workout.performed_at) or said_ms, said_ms)
    item = {
        **workout.model_dump(by_alias=True, exclude_none=True, exclude={"performed_at"}, mode="json"),
        "workoutId": f"{completed_ms:013d}-{said.message_id}",
        "completedAt": iso(completed_ms),
        "loggedAt": iso(ports.clock.now_ms()),
        "coachId": ref.coach_id,
        "conversationId": ref.conversation_id,
        "turnId": record.turn_id,
    }
    key = items.workout_key(ref.user_id, iso(completed_ms), said.message_id)
    return [Put(key, item, when=(Absent("pk"),))]


def _milliseconds(text: str | None) -> int | None:
    """Return the time since the epoch; None for what is no time, or one before that."""
    try:
        moment = datetime.fromisoformat(text or "")
        at_ms = int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None
    return at_ms if at_ms >= 0 else None


def recent(user_id: UserId, table: Table) -> tuple[Item, ...]:
    """Return the person's latest workouts, latest first."""
    page = Query(pk=items.person(user_id), prefix=items.WORKOUTS, limit=RECENT, descending=True)
    return tuple(table.query(page))


def page(user_id: UserId, ports: Ports, *, before: str | None, limit: int) -> WorkoutPage:
    """Return some of the person's workouts, latest first. Raises InvalidCursor, StoreUnavailable."""
    found = ports.table.query(
        Query(
            pk=items.person(user_id),
            prefix=items.WORKOUTS,
            before=_cursor_key(user_id, before).sk if before is not None else None,
            limit=limit + 1,
            descending=True,
        )
    )
    shown = found[:limit]
    cursor = shown[-1]["workoutId"] if len(found) > limit else None
    return WorkoutPage(tuple(workout_json(item) for item in shown), cursor)


def delete(user_id: UserId, workout_id: str, ports: Ports) -> None:
    """Delete a workout. Raises WorkoutNotFound, StoreUnavailable."""
    key = _key(user_id, workout_id)
    if key is None:
        raise WorkoutNotFound(workout_id)
    try:
        ports.table.commit([Delete(key, when=(Exists(),))])
    except ConditionFailed:
        raise WorkoutNotFound(workout_id) from None


def _cursor_key(user_id: UserId, cursor: str) -> Key:
    key = _key(user_id, cursor)
    if key is None:
        raise InvalidCursor("before is not a cursor of this service; leave it out to begin at the end")
    return key


def _key(user_id: UserId, workout_id: str) -> Key | None:
    """Return the key that the id stands for; None when it is not one of ours."""
    match = _ID.fullmatch(workout_id)
    if match is None or not is_ulid(match[2]):
        return None
    return items.workout_key(user_id, iso(int(match[1])), match[2])


def workout_json(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return the workout as every route shows it."""
    return {name: value for name, value in item.items() if name not in ("pk", "sk")}


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
