"""Typed SSE, the default protocol: every event with its id, as one line of JSON."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from libs.streaming import sse
from libs.streaming.events import TurnEvent, to_record

RETRY_MS: Final = 3000

SSE_HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "content-type": sse.CONTENT_TYPE,
        "cache-control": "no-cache, no-transform",
        "x-accel-buffering": "no",
    }
)


class TypedSse:
    """Encodes events as `id: <turnId>.<n>` and one `data:` line; no `event:` field, never CRLF.

    Without an `event:` field a plain `onmessage` sees all of them.
    """

    headers: Mapping[str, str] = SSE_HEADERS
    keep_alive = sse.KEEP_ALIVE

    def __init__(self, turn_id: str) -> None:
        self.turn_id = turn_id

    def opening(self) -> bytes:
        return sse.retry(RETRY_MS)

    def encode(self, number: int, event: TurnEvent) -> bytes:
        return sse.frame(to_record(event), event_id=f"{self.turn_id}.{number}")
