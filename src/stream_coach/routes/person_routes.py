"""Routes of what is kept of a person."""

from typing import Final

from libs.streaming.routes import Answer, Route
from stream_coach.bodies import MemoryBody
from stream_coach.routes.shared import USER

ROUTES: Final = (
    Route(
        "GET",
        f"{USER}/memories",
        name="list_memories",
        auth="jwt",
        summary="List what the coaches remember, latest first",
        tags=("memories",),
        parameters=("before", "limit"),
        answers=(Answer(200, "A page, latest first", "MemoryPage"),),
        errors=("INVALID_CURSOR", "STORE_UNAVAILABLE"),
    ),
    Route(
        "PATCH",
        f"{USER}/memories/{{memoryId}}",
        name="correct_memory",
        auth="jwt",
        summary="Correct a memory",
        tags=("memories",),
        request_model=MemoryBody,
        answers=(Answer(200, "The memory as it is stored", "Memory"),),
        errors=("INVALID_MEMORY", "MEMORY_NOT_FOUND", "STORE_UNAVAILABLE"),
    ),
    Route(
        "DELETE",
        f"{USER}/memories/{{memoryId}}",
        name="forget_memory",
        auth="jwt",
        summary="Forget a memory",
        tags=("memories",),
        answers=(Answer(204, "It is forgotten"),),
        errors=("MEMORY_NOT_FOUND", "STORE_UNAVAILABLE"),
    ),
    Route(
        "GET",
        f"{USER}/workouts",
        name="list_workouts",
        auth="jwt",
        summary="List the workouts that were logged, latest first",
        tags=("workouts",),
        parameters=("before", "limit"),
        answers=(Answer(200, "A page, latest first", "WorkoutPage"),),
        errors=("INVALID_CURSOR", "STORE_UNAVAILABLE"),
    ),
    Route(
        "DELETE",
        f"{USER}/workouts/{{workoutId}}",
        name="delete_workout",
        auth="jwt",
        summary="Delete a workout",
        tags=("workouts",),
        answers=(Answer(204, "It is gone"),),
        errors=("WORKOUT_NOT_FOUND", "STORE_UNAVAILABLE"),
    ),
    Route(
        "GET",
        f"{USER}/export",
        name="export_data",
        auth="jwt",
        summary="Read all that is kept of you, a page at a time",
        tags=("your data",),
        parameters=("after", "limit"),
        answers=(Answer(200, "A page; its `next` leads to the next one", "ExportPage"),),
        errors=("INVALID_CURSOR", "DATA_BEING_DELETED", "STORE_UNAVAILABLE"),
    ),
    Route(
        "DELETE",
        f"{USER}/data",
        name="delete_data",
        auth="jwt",
        summary="Delete all that is kept of you",
        tags=("your data",),
        answers=(
            Answer(202, "It is being deleted; GET the same address says when it is gone", "DataState"),
            Answer(204, "It is gone"),
        ),
        errors=("STORE_UNAVAILABLE",),
    ),
    Route(
        "GET",
        f"{USER}/data",
        name="show_data",
        auth="jwt",
        summary="Tell whether all that is kept of you is being deleted",
        tags=("your data",),
        answers=(Answer(200, "How it stands", "DataState"),),
        errors=("STORE_UNAVAILABLE",),
    ),
)
