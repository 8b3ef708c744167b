"""Plain JSON answers: what is kept of a person."""

from typing import Any

from libs.coach_conversation.kept import memories, workouts
from libs.coach_conversation.ports import Ports
from libs.coach_conversation.types import UserId
from libs.lambda_runtime import StreamingResponse
from stream_coach import bodies
from stream_coach.deliveries.call import Call
from stream_coach.deliveries.plain_json import answer, page_limit


def list_memories(call: Call, ports: Ports) -> StreamingResponse:
    """Return a page of what is remembered of the person, latest first."""
    query = call.request.query
    page = memories.page(
        UserId(call.params["userId"]), ports, before=query.get("before"), limit=page_limit(query.get("limit"))
    )
    found: dict[str, Any] = {"memories": page.memories}
    return answer(200, found | ({"cursor": page.cursor} if page.cursor is not None else {}))


def correct_memory(call: Call, ports: Ports) -> StreamingResponse:
    """Change a memory and return it as it is stored. Raises InvalidMemory, MemoryNotFound."""
    changes = bodies.parse_memory(call.request.json_body())
    return answer(
        200, memories.correct(UserId(call.params["userId"]), call.params["memoryId"], changes, ports)
    )


def forget_memory(call: Call, ports: Ports) -> StreamingResponse:
    memories.forget(UserId(call.params["userId"]), call.params["memoryId"], ports)
    return StreamingResponse(204, {"cache-control": "no-store"})


def list_workouts(call: Call, ports: Ports) -> StreamingResponse:
    """Return a page of the person's workouts, latest first."""
    query = call.request.query
    page = workouts.page(
        UserId(call.params["userId"]), ports, before=query.get("before"), limit=page_limit(query.get("limit"))
    )
    found: dict[str, Any] = {"workouts": page.workouts}
    return answer(200, found | ({"cursor": page.cursor} if page.cursor is not None else {}))


def delete_workout(call: Call, ports: Ports) -> StreamingResponse:
    workouts.delete(UserId(call.params["userId"]), call.params["workoutId"], ports)
    return StreamingResponse(204, {"cache-control": "no-store"})
