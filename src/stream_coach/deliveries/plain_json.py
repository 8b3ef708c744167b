"""Plain JSON answers: conversations and their history."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from libs.coach_conversation import coaches, conversations
from libs.coach_conversation.endings import message_json
from libs.coach_conversation.errors import InvalidCursor
from libs.coach_conversation.ports import Ports
from libs.coach_conversation.store import items
from libs.coach_conversation.types import CoachId, UserId
from libs.lambda_runtime import StreamingResponse
from stream_coach import bodies
from stream_coach.deliveries.call import Call

DEFAULT_PAGE: Final = 50
_NUMBER: Final = re.compile(r"[0-9]{1,9}")
JSON_HEADERS: Final = {"content-type": "application/json", "cache-control": "no-store"}


def answer(status: int, value: Any, headers: Mapping[str, str] | None = None) -> StreamingResponse:
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return StreamingResponse(status, {**JSON_HEADERS, **(headers or {})}, (), [body])


def create_conversation(call: Call, ports: Ports) -> StreamingResponse:
    """Begin a conversation: 201 with its id. The request's body, if any, says nothing yet."""
    ref = conversations.create(UserId(call.params["userId"]), CoachId(call.params["coachId"]), ports)
    location = f"/users/{ref.user_id}/coaches/{ref.coach_id}/conversations/{ref.conversation_id}"
    return answer(201, {"conversationId": ref.conversation_id}, {"location": location})


def list_conversations(call: Call, ports: Ports) -> StreamingResponse:
    """Return a page of conversations with this coach, latest activity first."""
    page = conversations.page(
        UserId(call.params["userId"]),
        CoachId(call.params["coachId"]),
        ports,
        before=call.request.query.get("before"),
        limit=page_limit(call.request.query.get("limit")),
    )
    found: dict[str, Any] = {"conversations": page.conversations}
    return answer(200, found | ({"cursor": page.cursor} if page.cursor is not None else {}))


def show_conversation(call: Call, ports: Ports) -> StreamingResponse:
    return answer(200, conversations.show(call.conversation, ports))


def delete_conversation(call: Call, ports: Ports) -> StreamingResponse:
    """Delete a conversation with all its messages; its running turn is cancelled."""
    conversations.delete(call.conversation, ports)
    return StreamingResponse(204, {"cache-control": "no-store"})


def list_coaches(call: Call, ports: Ports) -> StreamingResponse:
    """Return a page of the person's coaches, by their ids."""
    query = call.request.query
    page = coaches.page(
        UserId(call.params["userId"]), ports, after=query.get("after"), limit=page_limit(query.get("limit"))
    )
    found: dict[str, Any] = {"coaches": [items.coach_item(coach) for coach in page.coaches]}
    return answer(200, found | ({"next": page.next_id} if page.next_id is not None else {}))


def show_coach(call: Call, ports: Ports) -> StreamingResponse:
    coach = coaches.find(UserId(call.params["userId"]), CoachId(call.params["coachId"]), ports)
    return answer(200, items.coach_item(coach))


def save_coach(call: Call, ports: Ports) -> StreamingResponse:
    """Write the coach's configuration and return it as it is stored. Raises InvalidCoachConfig."""
    coach = bodies.parse_coach(call.request.json_body(), CoachId(call.params["coachId"]))
    coaches.save(UserId(call.params["userId"]), coach, ports)
    return answer(200, items.coach_item(coach))


def list_messages(call: Call, ports: Ports) -> StreamingResponse:
    """Return a page of history, oldest first; `cursor` is the `before` of the page before it."""
    page = conversations.history(
        call.conversation,
        ports,
        before=call.request.query.get("before"),
        limit=page_limit(call.request.query.get("limit")),
    )
    found: dict[str, Any] = {"messages": [message_json(message) for message in page.messages]}
    if page.cursor is not None:
        found["cursor"] = page.cursor
    return answer(200, found)


def page_limit(text: str | None) -> int:
    """Return how many to show at most. Raises InvalidCursor."""
    if text is None:
        return DEFAULT_PAGE
    if not _NUMBER.fullmatch(text) or not 1 <= int(text) <= conversations.MAX_PAGE:
        raise InvalidCursor(f"limit is not a number from 1 to {conversations.MAX_PAGE}")
    return int(text)
