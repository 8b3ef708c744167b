"""Routes of messages that clients keep themselves: answered at once, or as a job."""

from typing import Final

from libs.streaming.routes import Answer, Route
from stream_coach.chat_bodies import ChatRequestBody
from stream_coach.routes.shared import PROTOCOL

JOBS: Final = "/api/chat"

CHAT_EVENTS: Final = (
    Answer(200, "The answer as it comes, for AI SDK 4", "DataStream", "text/plain"),
    Answer(200, "The answer as it comes, for AI SDK 5 and later", "UiMessageStream", "text/event-stream"),
)

JOB_ERRORS: Final = ("JOB_NOT_FOUND", "STORE_UNAVAILABLE")

ROUTES: Final = (
    Route(
        "POST",
        "/api/ai/chat",
        name="stream_chat",
        auth="jwt",
        summary="Stream an answer to messages that the client keeps itself; nothing is stored",
        tags=("chat",),
        parameters=PROTOCOL,
        request_model="MessagesBody",
        answers=CHAT_EVENTS,
        errors=(
            "INVALID_USER_RESPONSE",
            "INVALID_PROTOCOL",
            "RATE_LIMITED",
            "BUDGET_EXCEEDED",
            "STORE_UNAVAILABLE",
        ),
    ),
    Route(
        "POST",
        JOBS,
        name="begin_job",
        auth="jwt",
        summary="Ask a model with messages of your own; the worker answers, and you poll",
        tags=("jobs",),
        parameters=("Idempotency-Key",),
        request_model=ChatRequestBody,
        answers=(Answer(202, "The job is stored", "JobLinks", headers=("Location", "Retry-After")),),
        errors=(
            "INVALID_USER_RESPONSE",
            "PROVIDER_NOT_CONFIGURED",
            "DATA_BEING_DELETED",
            "IDEMPOTENCY_KEY_REUSED",
            "RATE_LIMITED",
            "BUDGET_EXCEEDED",
            "STORE_UNAVAILABLE",
        ),
    ),
    Route(
        "GET",
        f"{JOBS}/jobs/{{jobId}}",
        name="show_job",
        auth="jwt",
        summary="Poll a job: its state and what was said so far",
        tags=("jobs",),
        answers=(Answer(200, "The job as it stands", "JobState", headers=("Retry-After",)),),
        errors=JOB_ERRORS,
    ),
    Route(
        "DELETE",
        f"{JOBS}/jobs/{{jobId}}",
        name="cancel_job",
        auth="jwt",
        summary="Stop a job; what was said so far stays until it expires",
        tags=("jobs",),
        answers=(
            Answer(200, "The job is over", "JobStopped"),
            Answer(202, "Its worker will hear of it", "JobStopped", headers=("Retry-After",)),
        ),
        errors=JOB_ERRORS,
    ),
)
