"""Errors before the first byte, as HTTP: one table from codes to statuses, one body."""

import json
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final

from libs.coach_conversation.errors import RateLimited, TurnError
from libs.lambda_runtime import StreamingResponse
from libs.streaming import sse
from libs.streaming.encoders.typed_sse import SSE_HEADERS
from libs.streaming.errors import KeysUnavailable, MethodNotAllowed, StreamingError
from libs.streaming.events import Error, to_record
from libs.streaming.requests import Request

STATUSES: Final = MappingProxyType(
    {
        "INVALID_EVENT": 400,
        "INVALID_PATH_PARAMS": 400,
        "MISSING_REQUEST_BODY": 400,
        "INVALID_JSON": 400,
        "INVALID_PROBE_OPTIONS": 400,
        "INVALID_USER_RESPONSE": 400,
        "INVALID_TIMESTAMP": 400,
        "INVALID_CURSOR": 400,
        "MISSING_AUTH_HEADER": 401,
        "INVALID_TOKEN_FORMAT": 401,
        "INVALID_TOKEN": 401,
        "TOKEN_EXPIRED": 401,
        "MISSING_CUSTOM_USER_ID": 401,
        "USER_ID_MISMATCH": 403,
        "ROUTE_NOT_FOUND": 404,
        "CONVERSATION_NOT_FOUND": 404,
        "COACH_CONFIG_NOT_FOUND": 404,
        "METHOD_NOT_ALLOWED": 405,
        "CONVERSATION_BUSY": 409,
        "PAYLOAD_TOO_LARGE": 413,
        "UNSUPPORTED_MEDIA_TYPE": 415,
        "IDEMPOTENCY_KEY_REUSED": 422,
        "RATE_LIMITED": 429,
        "PROCESSING_ERROR": 500,
        "STORE_UNAVAILABLE": 503,
        "KEYS_UNAVAILABLE": 503,
    }
)
BUSY_RETRY_S: Final = 2
UNAVAILABLE_RETRY_S: Final = 1
UNFORESEEN: Final = "something went wrong on our side; try again"

type Foreseen = StreamingError | TurnError


def refusal(error: Foreseen, request: Request | None) -> StreamingResponse:
    """Return the answer to a request that is refused, in the form that the client accepts."""
    code, status = error.code, STATUSES.get(error.code, 500)
    headers = _headers(error, status)
    turn_id = getattr(error, "turn_id", None)
    if request is not None and "text/event-stream" in request.headers.get("accept", ""):
        event = Error(code, str(error), error.retryable, turn_id)
        return StreamingResponse(status, {**SSE_HEADERS, **headers}, (), [sse.frame(to_record(event))])
    problem: dict[str, Any] = {
        "type": f"urn:stream-coach:{code.lower().replace('_', '-')}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": str(error),
        "code": code,
        "requestId": request.request_id if request is not None else None,
    }
    if turn_id is not None:
        problem["turnId"] = turn_id
    body = json.dumps(problem, ensure_ascii=False, separators=(",", ":")).encode()
    return StreamingResponse(status, {"content-type": "application/problem+json", **headers}, (), [body])


def _headers(error: Foreseen, status: int) -> dict[str, str]:
    headers = {"cache-control": "no-store"}
    if status == 401:
        headers["www-authenticate"] = "Bearer"
    match error:
        case MethodNotAllowed():
            headers["allow"] = ", ".join(error.allowed)
        case RateLimited():
            headers["retry-after"] = str(error.retry_after_s)
        case KeysUnavailable():
            headers["retry-after"] = str(UNAVAILABLE_RETRY_S)
        case _ if status == 503:
            headers["retry-after"] = str(UNAVAILABLE_RETRY_S)
        case _ if status == 409:
            headers["retry-after"] = str(BUSY_RETRY_S)
    return headers


def unforeseen(request: Request | None) -> StreamingResponse:
    """Return the answer to a fault of ours: fixed words, never the error's."""
    return refusal(TurnError(UNFORESEEN), request)
