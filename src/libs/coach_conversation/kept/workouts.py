"""Workouts: what was trained, extracted from a message, stored once, listed by day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from libs.coach_conversation.errors import InvalidCursor, WorkoutNotFound
from libs.coach_conversation.kept import extraction, indexing, notes
from libs.coach_conversation.kept.tools import ShortText, ToolInput, tool_of
from libs.coach_conversation.ports import Ports, Tool
from libs.coach_conversation.store import items
from libs.coach_conversation.store.ids import iso
from libs.coach_conversation.store.table import (
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
from libs.coach_conversation.types import Message, TurnRecord, UserId

type Discipline = Literal["strength", "cardio", "flexibility", "skill", "competition", "recovery", "hybrid"]
type LoadUnit = Literal["kg", "lb", "bodyweight"]
type DistanceUnit = Literal["m", "km", "mi"]

RECENT: Final = 5


# No table holds a number of any size.
type Quantity = Annotated[float, AfterValidator(lambda value: round(value, 3))]


class Load(ToolInput):
    value: Annotated[Quantity, Field(ge=0, le=2000)]
    unit: LoadUnit


class ExerciseSet(ToolInput):
    reps: Annotated[int, Field(ge=0, le=100_000)] | None = None
    load: Load | None = None


class Exercise(ToolInput):
    name: Annotated[ShortText, Field(min_length=1)]
    sets: Annotated[tuple[ExerciseSet, ...], Field(max_length=100)] = ()


class Distance(ToolInput):
    value: Annotated[Quantity, Field(ge=0.001, le=100_000)]
    unit: DistanceUnit


class Workout(ToolInput):
    """A workout as a model wrote it down."""

    discipline: Discipline
    exercises: Annotated[tuple[Exercise, ...], Field(max_length=50)] = ()
    distance: Distance | None = None
    duration_minutes: Annotated[Quantity, Field(ge=0.001, le=6000)] | None = None
    rpe: Annotated[Quantity, Field(ge=1, le=10)] | None = None
    notes: ShortText = ""
    performed_at: ShortText | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.exercises or self.distance or self.duration_minutes or self.notes.strip()):
            raise ValueError("a workout has an exercise, a distance, a duration or a note")
        return self


@cache
def tool() -> Tool:
    return tool_of("save_workout", "Write the workout down.", Workout, required=("discipline", "exercises"))


@dataclass(frozen=True, slots=True)
class WorkoutPage:
    """Some workouts, latest first; `cursor` asks for those before them."""

    workouts: tuple[Mapping[str, Any], ...]
    cursor: str | None


def effect(record: TurnRecord, said: Message, ports: Ports) -> list[Write]:
    """Extract the workout of a message and return the write that keeps it.

    Raises  ExtractionMalformed, ModelFailed
    """
    prompt = extraction.ask_about(said, system="workout_system", tool=tool(), model_id=ports.router_model_id)
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
    noted = notes.of(ref.user_id, [notes.workout_id(item["workoutId"])], ports)
    return [Put(key, item, when=(Absent("pk"),)), *noted]


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
    key = items.workout_key_of(user_id, workout_id)
    if key is None:
        raise WorkoutNotFound(workout_id)
    noted = notes.of(user_id, [notes.workout_id(workout_id)], ports)
    try:
        ports.table.commit([Delete(key, when=(Exists(),)), *noted])
    except ConditionFailed:
        raise WorkoutNotFound(workout_id) from None
    indexing.settle_early(noted, ports)


def _cursor_key(user_id: UserId, cursor: str) -> Key:
    key = items.workout_key_of(user_id, cursor)
    if key is None:
        raise InvalidCursor("before is not a cursor of this service; leave it out to begin at the end")
    return key


def workout_json(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return the workout as every route shows it."""
    return {name: value for name, value in item.items() if name not in ("pk", "sk")}
