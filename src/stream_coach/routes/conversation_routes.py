"""Routes of conversations and their coaches."""

from typing import Final

from libs.streaming.routes import Answer, Route
from stream_coach.bodies import CoachBody
from stream_coach.routes.shared import PROTOCOL, USER

COACH: Final = f"{USER}/coaches/{{coachId}}"

CONVERSATIONS: Final = f"{COACH}/conversations"

CONVERSATION: Final = f"{CONVERSATIONS}/{{conversationId}}"

EVENTS: Final = (
    Answer(200, "The turn's events as they come", "TurnEvent", "text/event-stream"),
    Answer(200, "The turn's events as they come", "DataStream", "text/plain"),
)

CONVERSATION_ERRORS: Final = ("CONVERSATION_NOT_FOUND", "STORE_UNAVAILABLE")

TURN_ERRORS: Final = (*CONVERSATION_ERRORS, "TURN_NOT_FOUND")

ADMISSION_ERRORS: Final = (
    "DATA_BEING_DELETED",
    *CONVERSATION_ERRORS,
    "INVALID_USER_RESPONSE",
    "INVALID_TIMESTAMP",
    "CONVERSATION_BUSY",
    "IDEMPOTENCY_KEY_REUSED",
    "RATE_LIMITED",
    "BUDGET_EXCEEDED",
)

GENERATION_ERRORS: Final = (
    "COACH_CONFIG_NOT_FOUND",
    "MODEL_THROTTLED",
    "MODEL_UNAVAILABLE",
    "MODEL_REFUSED",
    "MODEL_STREAM_INTERRUPTED",
    "CANCELLED",
    "DEADLINE",
)

ROUTES: Final = (
    Route(
        "POST",
        f"{CONVERSATION}/stream",
        name="stream_turn",
        auth="jwt",
        summary="Say something to the coach and stream the answer",
        tags=("conversations",),
        parameters=("Idempotency-Key", "Last-Event-ID", "lastEventId", *PROTOCOL),
        request_model="SaidBody",
        answers=(*EVENTS, Answer(204, "The client has seen all of it, as its Last-Event-ID says")),
        errors=(*ADMISSION_ERRORS, "INVALID_PROTOCOL", "INVALID_CURSOR"),
    ),
    Route(
        "GET",
        f"{CONVERSATION}/stream",
        name="resume_stream",
        auth="jwt_or_ticket",
        summary="Attach to the running turn, or resume a stream after Last-Event-ID",
        tags=("conversations",),
        parameters=("Last-Event-ID", "lastEventId", "turnId", *PROTOCOL, "chatId"),
        answers=(
            *EVENTS,
            Answer(204, "Nothing is running, or nothing is left to come; 410 with EMPTY_ANSWERS=false"),
        ),
        errors=(*TURN_ERRORS, "INVALID_CURSOR", "INVALID_PROTOCOL"),
    ),
    Route(
        "POST",
        f"{CONVERSATION}/messages",
        name="answer_turn",
        auth="jwt",
        summary="Say something to the coach and get the answer as one JSON document",
        tags=("conversations",),
        parameters=("Idempotency-Key",),
        request_model="SaidBody",
        answers=(
            Answer(200, "The answer", "AnsweredTurn"),
            Answer(202, "The turn goes on; watch it", "TurnLinks"),
        ),
        errors=(*ADMISSION_ERRORS, *GENERATION_ERRORS),
    ),
    Route(
        "GET",
        f"{CONVERSATION}/messages",
        name="list_messages",
        auth="jwt",
        summary="Read the conversation, latest page first",
        tags=("conversations",),
        parameters=("before", "limit"),
        answers=(Answer(200, "A page, oldest message first", "HistoryPage"),),
        errors=(*CONVERSATION_ERRORS, "INVALID_CURSOR"),
    ),
    Route(
        "POST",
        f"{CONVERSATION}/turns",
        name="begin_turn",
        auth="jwt",
        summary="Leave a message to be answered when somebody attaches, or by the worker",
        tags=("turns",),
        parameters=("Idempotency-Key",),
        request_model="LaterBody",
        answers=(Answer(202, "The message is stored", "TurnLinks"),),
        errors=ADMISSION_ERRORS,
    ),
    Route(
        "GET",
        f"{CONVERSATION}/turns/{{turnId}}",
        name="show_turn",
        auth="jwt",
        summary="Poll a turn: its state and what was said so far",
        tags=("turns",),
        answers=(Answer(200, "The turn as it stands", "TurnState"),),
        errors=TURN_ERRORS,
    ),
    Route(
        "POST",
        f"{CONVERSATION}/turns/{{turnId}}/cancel",
        name="cancel_turn",
        auth="jwt",
        summary="Stop a turn; what was said so far is saved",
        tags=("turns",),
        answers=(
            Answer(200, "The turn is over", "TurnStopped"),
            Answer(202, "Whoever runs it will hear of it", "TurnStopped"),
        ),
        errors=TURN_ERRORS,
    ),
    Route(
        "POST",
        CONVERSATIONS,
        name="create_conversation",
        auth="jwt",
        summary="Begin a conversation",
        tags=("conversations",),
        answers=(Answer(201, "An empty conversation", "ConversationCreated"),),
        errors=("COACH_CONFIG_NOT_FOUND", "DATA_BEING_DELETED", "STORE_UNAVAILABLE"),
    ),
    Route(
        "GET",
        CONVERSATIONS,
        name="list_conversations",
        auth="jwt",
        summary="List conversations, latest activity first",
        tags=("conversations",),
        parameters=("before", "limit"),
        answers=(Answer(200, "A page, latest activity first", "ConversationPage"),),
        errors=("INVALID_CURSOR", "STORE_UNAVAILABLE"),
    ),
    Route(
        "GET",
        CONVERSATION,
        name="show_conversation",
        auth="jwt",
        summary="Show a conversation",
        tags=("conversations",),
        answers=(Answer(200, "The conversation", "Conversation"),),
        errors=CONVERSATION_ERRORS,
    ),
    Route(
        "DELETE",
        CONVERSATION,
        name="delete_conversation",
        auth="jwt",
        summary="Delete a conversation with all that was said in it",
        tags=("conversations",),
        answers=(Answer(204, "It is gone"),),
        errors=CONVERSATION_ERRORS,
    ),
    Route(
        "GET",
        f"{USER}/coaches",
        name="list_coaches",
        auth="jwt",
        summary="List your coaches, by their ids",
        tags=("coaches",),
        parameters=("after", "limit"),
        answers=(Answer(200, "A page; its `next` leads to the next one", "CoachPage"),),
        errors=("INVALID_CURSOR", "STORE_UNAVAILABLE"),
    ),
    Route(
        "GET",
        COACH,
        name="show_coach",
        auth="jwt",
        summary="Show a coach's configuration",
        tags=("coaches",),
        answers=(Answer(200, "The configuration", "Coach"),),
        errors=("COACH_CONFIG_NOT_FOUND", "STORE_UNAVAILABLE"),
    ),
    Route(
        "PUT",
        COACH,
        name="save_coach",
        auth="jwt",
        summary="Set up a coach, or change one",
        tags=("coaches",),
        request_model=CoachBody,
        answers=(Answer(200, "The configuration as it is stored", "Coach"),),
        errors=("INVALID_COACH_CONFIG", "DATA_BEING_DELETED", "STORE_UNAVAILABLE"),
    ),
)
