"""Server-sent events: framing, nothing else.

Source  the WHATWG HTML standard, section "Server-sent events"
"""

import json
from collections.abc import Callable
from typing import Any, Final

compact_json: Final[Callable[[Any], str]] = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), allow_nan=False
).encode

CONTENT_TYPE: Final = "text/event-stream; charset=utf-8"
KEEP_ALIVE = b": keep-alive\n\n"
"""A comment: "If the line starts with a U+003A COLON character (:) Ignore the line."."""


def frame(data: Any, *, event_id: str | None = None) -> bytes:
    """Return one event: an `id:` line where there is one, and one `data:` line of compact JSON.

    JSON escapes every line break inside strings, so one `data:` line always holds all of it.
    """
    head = f"id: {event_id}\n" if event_id is not None else ""
    return f"{head}data: {compact_json(data)}\n\n".encode()


def retry(milliseconds: int) -> bytes:
    """Return the line that sets how long a client waits before it reconnects."""
    return f"retry: {milliseconds}\n\n".encode()
