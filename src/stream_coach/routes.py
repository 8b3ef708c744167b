"""The routes, as data."""

from typing import Final

from libs.streaming.routes import Route, RouteTable
from stream_coach.bodies import CoachBody, TurnBody

COACH: Final = "/users/{userId}/coaches/{coachId}"
CONVERSATIONS: Final = f"{COACH}/conversations"
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
            f"{CONVERSATION}/stream",
            name="resume_stream",
            auth="jwt_or_ticket",
            summary="Attach to the running turn, or resume a stream behind Last-Event-ID",
            tags=("conversations",),
        ),
        Route(
            "POST",
            f"{CONVERSATION}/messages",
            name="answer_turn",
            auth="jwt",
            summary="Say something to the coach and get the answer as one JSON document",
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
            f"{CONVERSATION}/turns",
            name="begin_turn",
            auth="jwt",
            summary="Leave a message to be answered when somebody attaches, or by the worker",
            tags=("turns",),
            request_model=TurnBody,
        ),
        Route(
            "GET",
            f"{CONVERSATION}/turns/{{turnId}}",
            name="show_turn",
            auth="jwt",
            summary="Poll a turn: its state and what was said so far",
            tags=("turns",),
        ),
        Route(
            "POST",
            f"{CONVERSATION}/turns/{{turnId}}/cancel",
            name="cancel_turn",
            auth="jwt",
            summary="Stop a turn; what was said so far is saved",
            tags=("turns",),
        ),
        Route(
            "POST",
            CONVERSATIONS,
            name="create_conversation",
            auth="jwt",
            summary="Begin a conversation",
            tags=("conversations",),
        ),
        Route(
            "GET",
            CONVERSATIONS,
            name="list_conversations",
            auth="jwt",
            summary="List conversations, latest activity first",
            tags=("conversations",),
        ),
        Route(
            "GET",
            CONVERSATION,
            name="show_conversation",
            auth="jwt",
            summary="Show a conversation",
            tags=("conversations",),
        ),
        Route(
            "DELETE",
            CONVERSATION,
            name="delete_conversation",
            auth="jwt",
            summary="Delete a conversation with all that was said in it",
            tags=("conversations",),
        ),
        Route(
            "GET",
            COACH,
            name="show_coach",
            auth="jwt",
            summary="Show a coach's configuration",
            tags=("coaches",),
        ),
        Route(
            "PUT",
            COACH,
            name="save_coach",
            auth="jwt",
            summary="Set up a coach, or change one",
            tags=("coaches",),
            request_model=CoachBody,
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
