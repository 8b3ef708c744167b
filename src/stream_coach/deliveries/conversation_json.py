"""Conversations and their history as JSON."""

from libs.coach_conversation import conversations
from libs.coach_conversation.endings import message_json
from libs.coach_conversation.ports import Ports
from libs.lambda_runtime import StreamingResponse
from stream_coach.deliveries.call import Call
from stream_coach.deliveries.json_answers import NO_CONTENT, answer, answer_page, page_limit


def create_conversation(call: Call, ports: Ports) -> StreamingResponse:
    """Begin a conversation: 201 with its id. The request's body, if any, says nothing yet."""
    ref = conversations.create(call.user_id, call.coach_id, ports)
    location = f"/users/{ref.user_id}/coaches/{ref.coach_id}/conversations/{ref.conversation_id}"
    return answer(201, {"conversationId": ref.conversation_id}, {"location": location})


def list_conversations(call: Call, ports: Ports) -> StreamingResponse:
    """Return a page of conversations with this coach, latest activity first."""
    before, limit = call.request.query.get("before"), page_limit(call)
    page = conversations.page(call.user_id, call.coach_id, ports, before=before, limit=limit)
    return answer_page({"conversations": page.conversations}, cursor=page.cursor)


def show_conversation(call: Call, ports: Ports) -> StreamingResponse:
    return answer(200, conversations.show(call.conversation, ports))


def delete_conversation(call: Call, ports: Ports) -> StreamingResponse:
    """Delete a conversation with all its messages; its running turn is cancelled."""
    conversations.delete(call.conversation, ports)
    return NO_CONTENT


def list_messages(call: Call, ports: Ports) -> StreamingResponse:
    """Return a page of history, oldest first; `cursor` is the `before` of the page before it."""
    before, limit = call.request.query.get("before"), page_limit(call)
    page = conversations.history(call.conversation, ports, before=before, limit=limit)
    return answer_page({"messages": [message_json(message) for message in page.messages]}, cursor=page.cursor)
