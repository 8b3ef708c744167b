"""The API's description of itself."""

import json
from functools import cache

from libs.lambda_runtime import StreamingResponse
from libs.streaming.requests import Request
from stream_coach.deliveries.json_answers import JSON_HEADERS
from stream_coach.routes import ROUTES


def show_api(_: Request) -> StreamingResponse:
    """Return the OpenAPI document of the route table."""
    return StreamingResponse(200, JSON_HEADERS, (), [_encoded()])


@cache
def _encoded() -> bytes:
    # Imported when somebody asks: building schemas takes as long as much of a cold start, and few ever ask.
    from stream_coach.openapi import document

    return json.dumps(document(ROUTES.routes), ensure_ascii=False, separators=(",", ":")).encode()
