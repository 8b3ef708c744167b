"""The routes, as data."""

from typing import Final

from libs.streaming.routes import Route, RouteTable
from stream_coach.bodies import TurnBody

CONVERSATIONS: Final = "/users/{userId}/coaches/{coachId}/conversations"
CONVERSATION: Final = f"{CONVERSATIONS}/{{conversationId}}"

ROUTES: Final = RouteTable(
    [
        Route(
            "POST",
            f"{CONVERSATION}/stream",
            name="stream_turn",
            auth="jwt",
            summary="Say something to the coach and stream the answer",
            tags=("conversations",),
            request_model=TurnBody,
        ),
        Route(
            "GET",
            f"{CONVERSATION}/messages",
            name="list_messages",
            auth="jwt",
            summary="Read the conversation, latest page first",
            tags=("conversations",),
        ),
        Route(
            "POST",
            CONVERSATIONS,
            name="create_conversation",
            auth="jwt",
            summary="Begin a conversation",
            tags=("conversations",),
        ),
        Route("GET", "/health", name="health", auth="none", summary="Alive", tags=("health",)),
        Route(
            "GET",
            "/health/stream",
            name="probe",
            auth="none",
            summary="Stream a sentence word by word; shows whether the path buffers",
            tags=("health",),
        ),
        Route(
            "POST",
            "/health/stream",
            name="probe_with_body",
            auth="none",
            summary="The same, with options in the body",
            tags=("health",),
        ),
    ]
)
