"""Errors before the first byte, as HTTP: one table from codes to statuses, one body."""

import json
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final

from libs.coach_conversation.errors import BudgetExceeded, RateLimited, TurnError, Unforeseen
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
        "INVALID_PROTOCOL": 400,
        "INVALID_USER_RESPONSE": 400,
        "INVALID_TIMESTAMP": 400,
        "INVALID_CURSOR": 400,
        "INVALID_COACH_CONFIG": 400,
        "PROVIDER_NOT_CONFIGURED": 400,
        "INVALID_MEMORY": 400,
        "MISSING_AUTH_HEADER": 401,
        "INVALID_TOKEN_FORMAT": 401,
        "INVALID_TOKEN": 401,
        "TOKEN_EXPIRED": 401,
        "MISSING_CUSTOM_USER_ID": 401,
        "TICKET_INVALID": 401,
        "TICKET_EXPIRED": 401,
        "USER_ID_MISMATCH": 403,
        "ROUTE_NOT_FOUND": 404,
        "CONVERSATION_NOT_FOUND": 404,
        "COACH_CONFIG_NOT_FOUND": 404,
        "TURN_NOT_FOUND": 404,
        "JOB_NOT_FOUND": 404,
        "WORKOUT_NOT_FOUND": 404,
        "MEMORY_NOT_FOUND": 404,
        "METHOD_NOT_ALLOWED": 405,
        "CONVERSATION_BUSY": 409,
        "DATA_BEING_DELETED": 409,
        "CANCELLED": 409,
        "PAYLOAD_TOO_LARGE": 413,
        "UNSUPPORTED_MEDIA_TYPE": 415,
        "IDEMPOTENCY_KEY_REUSED": 422,
        "RATE_LIMITED": 429,
        "BUDGET_EXCEEDED": 429,
        "PROCESSING_ERROR": 500,
        "MODEL_REFUSED": 502,
        "MODEL_STREAM_INTERRUPTED": 502,
        "MODEL_THROTTLED": 503,
        "MODEL_UNAVAILABLE": 503,
        "STORE_UNAVAILABLE": 503,
        "KEYS_UNAVAILABLE": 503,
        "DEADLINE": 504,
    }
)
BUSY_RETRY_S: Final = 2
UNAVAILABLE_RETRY_S: Final = 1

type Foreseen = StreamingError | TurnError


def refusal(error: Foreseen, request: Request | None) -> StreamingResponse:
    """Return the answer to a request that is refused, in the form that the client accepts."""
    status = STATUSES.get(error.code, 500)
    headers = _headers(error, status)
    if request is not None and request.accepts_event_stream:
        event = sse.frame(to_record(event_of(error)))
        return StreamingResponse(status, {**SSE_HEADERS, **headers}, (), [event])
    return problem(event_of(error), request, headers)


def event_of(error: Foreseen) -> Error:
    return Error(error.code, str(error), error.retryable, getattr(error, "turn_id", None))


def problem(
    error: Error, request: Request | None, headers: Mapping[str, str] | None = None
) -> StreamingResponse:
    """Return the error as `application/problem+json`, with what was kept of an answer."""
    status = STATUSES.get(error.code, 500)
    sent = {"content-type": "application/problem+json", "cache-control": "no-store", **(headers or {})}
    return StreamingResponse(status, sent, (), [_document(error, request)])


def raw_problem(error: Foreseen, request: Request | None) -> Iterator[bytes]:
    """Return the problem document alone: a direct invocation has no status to send it with."""
    return iter([_document(event_of(error), request)])


def _document(error: Error, request: Request | None) -> bytes:
    status = STATUSES.get(error.code, 500)
    shown: dict[str, Any] = {
        "type": f"urn:stream-coach:{error.code.lower().replace('_', '-')}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": error.message,
        "code": error.code,
        "retryable": error.retryable,
        "requestId": request.request_id if request is not None else None,
        "turnId": error.turn_id,
        "savedContent": error.saved_content,
    }
    known = {name: value for name, value in shown.items() if value is not None}
    return json.dumps(known, ensure_ascii=False, separators=(",", ":")).encode()


def _headers(error: Foreseen, status: int) -> dict[str, str]:
    headers = {"cache-control": "no-store"}
    if status == 401:
        headers["www-authenticate"] = "Bearer"
    match error:
        case MethodNotAllowed():
            headers["allow"] = ", ".join(error.allowed)
        case RateLimited() | BudgetExceeded():
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
    return refusal(Unforeseen(), request)
