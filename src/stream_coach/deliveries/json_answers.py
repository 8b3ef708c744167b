"""JSON answers: a document, a page of a list, nothing at all."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from libs.coach_conversation.conversations import MAX_PAGE
from libs.coach_conversation.errors import InvalidCursor
from libs.lambda_runtime import StreamingResponse
from stream_coach.deliveries.call import Call

DEFAULT_PAGE: Final = 50
JSON_HEADERS: Final = {"content-type": "application/json", "cache-control": "no-store"}
NO_CONTENT: Final = StreamingResponse(204, {"cache-control": "no-store"})
_NUMBER: Final = re.compile(r"[0-9]{1,9}")


def answer(status: int, value: Any, headers: Mapping[str, str] | None = None) -> StreamingResponse:
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return StreamingResponse(status, {**JSON_HEADERS, **(headers or {})}, (), [body])


def answer_page(found: Mapping[str, Any], **cursor: str | None) -> StreamingResponse:
    """Return a page of a list; the one keyword names the cursor, which the last page has none of."""
    return answer(200, {**found, **{name: value for name, value in cursor.items() if value is not None}})


def page_limit(call: Call) -> int:
    """Return how many to show at most. Raises InvalidCursor."""
    text = call.request.query.get("limit")
    if text is None:
        return DEFAULT_PAGE
    if not _NUMBER.fullmatch(text) or not 1 <= int(text) <= MAX_PAGE:
        raise InvalidCursor(f"limit is not a number from 1 to {MAX_PAGE}")
    return int(text)
