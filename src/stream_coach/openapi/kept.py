"""What is kept of a person, as every route shows it."""

from typing import NotRequired, TypedDict

from libs.coach_conversation.kept.workouts import Discipline, DistanceUnit, LoadUnit
from libs.memory.types import Importance, MemoryType
from stream_coach.openapi.answers import Cursor
from stream_coach.openapi.turns import Moment


class Memory(TypedDict):
    """Something that the person wanted remembered."""

    memoryId: str
    content: str
    type: MemoryType
    importance: Importance
    isCoachSpecific: bool
    tags: list[str]
    coachId: str
    conversationId: str
    turnId: str
    createdAt: Moment
    updatedAt: Moment


class MemoryPage(TypedDict):
    """Memories, latest first."""

    memories: list[Memory]
    cursor: NotRequired[Cursor]


class Load(TypedDict):
    value: float
    unit: LoadUnit


class ExerciseSet(TypedDict):
    reps: NotRequired[int]
    load: NotRequired[Load]


class Exercise(TypedDict):
    name: str
    sets: list[ExerciseSet]


class Distance(TypedDict):
    value: float
    unit: DistanceUnit


class Workout(TypedDict):
    """A workout, as it was read out of what the person said."""

    workoutId: str
    completedAt: Moment
    loggedAt: Moment
    coachId: str
    conversationId: str
    turnId: str
    discipline: Discipline
    exercises: list[Exercise]
    distance: NotRequired[Distance]
    durationMinutes: NotRequired[float]
    rpe: NotRequired[float]
    notes: str


class WorkoutPage(TypedDict):
    """Workouts, latest first."""

    workouts: list[Workout]
    cursor: NotRequired[Cursor]
