"""Routes of the service itself."""

from typing import Final

from libs.streaming.routes import Answer, Route
from stream_coach.routes.shared import USER

WORDS: Final = (
    Answer(200, "The sentence, word by word", "ProbeLine", "application/x-ndjson"),
    Answer(200, "The sentence, word by word", "Words", "text/plain"),
)

ROUTES: Final = (
    Route(
        "GET",
        "/health",
        name="health",
        auth="none",
        summary="Tell whether the service is alive",
        tags=("health",),
        answers=(Answer(200, "Alive", "Health"),),
    ),
    Route(
        "GET",
        "/health/stream",
        name="probe",
        auth="none",
        summary="Stream a sentence word by word; shows whether the path buffers",
        tags=("health",),
        parameters=("delay", "format", "sentence"),
        answers=WORDS,
        errors=("INVALID_PROBE_OPTIONS",),
    ),
    Route(
        "POST",
        "/health/stream",
        name="probe_with_body",
        auth="none",
        summary="The same, with options in the body",
        tags=("health",),
        parameters=("delay", "format", "sentence"),
        request_model="ProbeBody",
        request_required=False,
        answers=WORDS,
        errors=("INVALID_PROBE_OPTIONS",),
    ),
    Route(
        "GET",
        f"{USER}/health/broken-stream",
        name="break_stream",
        auth="jwt",
        summary="Stream some words and break off: shows whether a client hears of it",
        tags=("health",),
        answers=(Answer(200, "Some words, and no clean end", "ProbeLine", "application/x-ndjson"),),
    ),
    Route(
        "GET",
        "/openapi.json",
        name="show_api",
        auth="none",
        summary="Describe the API",
        tags=("health",),
        answers=(Answer(200, "This document", "ApiDocument"),),
    ),
)
