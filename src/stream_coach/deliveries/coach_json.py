"""Coaches as JSON: listed, shown, set up."""

from libs.coach_conversation import coaches
from libs.coach_conversation.ports import Ports
from libs.coach_conversation.store import items
from libs.lambda_runtime import StreamingResponse
from stream_coach import bodies
from stream_coach.deliveries.call import Call
from stream_coach.deliveries.json_answers import answer, answer_page, page_limit


def list_coaches(call: Call, ports: Ports) -> StreamingResponse:
    """Return a page of the person's coaches, by their ids."""
    after, limit = call.request.query.get("after"), page_limit(call)
    page = coaches.page(call.user_id, ports, after=after, limit=limit)
    return answer_page({"coaches": [items.coach_item(coach) for coach in page.coaches]}, next=page.next_id)


def show_coach(call: Call, ports: Ports) -> StreamingResponse:
    return answer(200, items.coach_item(coaches.find(call.user_id, call.coach_id, ports)))


def save_coach(call: Call, ports: Ports) -> StreamingResponse:
    """Write the coach's configuration and return it as it is stored. Raises InvalidCoachConfig."""
    coach = bodies.parse_coach(call.request.json_body(), call.coach_id)
    coaches.save(call.user_id, coach, ports)
    return answer(200, items.coach_item(coach))
