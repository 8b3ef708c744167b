"""What is kept of a person as JSON: memories and workouts."""

from libs.coach_conversation.kept import memories, workouts
from libs.coach_conversation.ports import Ports
from libs.lambda_runtime import StreamingResponse
from stream_coach import bodies
from stream_coach.deliveries.call import Call
from stream_coach.deliveries.json_answers import NO_CONTENT, answer, answer_page, page_limit


def list_memories(call: Call, ports: Ports) -> StreamingResponse:
    """Return a page of what is remembered of the person, latest first."""
    before, limit = call.request.query.get("before"), page_limit(call)
    page = memories.page(call.user_id, ports, before=before, limit=limit)
    return answer_page({"memories": page.memories}, cursor=page.cursor)


def correct_memory(call: Call, ports: Ports) -> StreamingResponse:
    """Change a memory and return it as it is stored. Raises InvalidMemory, MemoryNotFound."""
    changes = bodies.parse_memory(call.request.json_body())
    return answer(200, memories.correct(call.user_id, call.params["memoryId"], changes, ports))


def forget_memory(call: Call, ports: Ports) -> StreamingResponse:
    memories.forget(call.user_id, call.params["memoryId"], ports)
    return NO_CONTENT


def list_workouts(call: Call, ports: Ports) -> StreamingResponse:
    """Return a page of the person's workouts, latest first."""
    before, limit = call.request.query.get("before"), page_limit(call)
    page = workouts.page(call.user_id, ports, before=before, limit=limit)
    return answer_page({"workouts": page.workouts}, cursor=page.cursor)


def delete_workout(call: Call, ports: Ports) -> StreamingResponse:
    workouts.delete(call.user_id, call.params["workoutId"], ports)
    return NO_CONTENT
