"""Server-sent events: framing, nothing else.

Source  the WHATWG HTML standard, section "Server-sent events"
"""

import json
from collections.abc import Callable
from typing import Any, Final

_encode: Final[Callable[[Any], str]] = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), allow_nan=False
).encode

CONTENT_TYPE: Final = "text/event-stream; charset=utf-8"
KEEP_ALIVE = b": keep-alive\n\n"
"""A comment: "If the line starts with a U+003A COLON character (:) Ignore the line."."""


def compact_json(value: Any) -> str:
    """Return JSON on one line, whatever a client takes for the end of a line.

    JSON escapes the control characters; the three others at which Python's `splitlines`, and with it many
    a client, ends a line are escaped here.
    """
    text = _encode(value)
    if text.isascii():
        return text
    return text.replace("\x85", r"\u0085").replace("\u2028", r"\u2028").replace("\u2029", r"\u2029")


def frame(data: Any, *, event_id: str | None = None) -> bytes:
    """Return one event: an `id:` line where there is one, and one `data:` line of compact JSON."""
    head = f"id: {event_id}\n" if event_id is not None else ""
    return f"{head}data: {compact_json(data)}\n\n".encode()


def retry(milliseconds: int) -> bytes:
    """Return the line that sets how long a client waits before it reconnects."""
    return f"retry: {milliseconds}\n\n".encode()
