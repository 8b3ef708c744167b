"""The AI SDK's data stream, version 1, which its version 4 reads.

Each line is a code, a colon and JSON. The parser throws on everything else, comments and blank CRLF lines
included, so that a keep-alive is a line of data without any data in it.

Source  the AI SDK 4 documentation, "Stream Protocols", "Data Stream Protocol"
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, assert_never

from libs.streaming import sse
from libs.streaming.encoders.finish_reasons import finish_reason
from libs.streaming.events import (
    Chunk,
    Complete,
    Contextual,
    Error,
    Notice,
    Progress,
    Recall,
    Start,
    TurnEvent,
    to_record,
)

DATA_STREAM_HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "content-type": "text/plain; charset=utf-8",
        "x-vercel-ai-data-stream": "v1",
        "cache-control": "no-cache, no-transform",
        "x-accel-buffering": "no",
    }
)


class DataStream:
    """Encodes events as lines of `CODE:JSON`; every write ends with a newline.

    Shape   `as_event_stream` changes the content type alone, for clients that insist on it
    """

    keep_alive = b"2:[]\n"

    def __init__(self, *, as_event_stream: bool = False) -> None:
        self.headers: Mapping[str, str] = DATA_STREAM_HEADERS
        if as_event_stream:
            self.headers = {**DATA_STREAM_HEADERS, "content-type": sse.CONTENT_TYPE}

    def opening(self) -> bytes:
        return b""

    def encode(self, number: int, event: TurnEvent) -> bytes:  # noqa: ARG002 - lines have no ids here
        match event:
            case Chunk(content):
                return _line("0", content)
            case Progress() | Contextual() | Recall() | Notice():
                return _line("2", [to_record(event)])
            case Start():
                return _line("f", {"messageId": event.message_id})
            case Complete():
                return _finish(event)
            case Error():
                failure = {"type": "error", "code": event.code, "retryable": event.retryable}
                return _line("2", [failure]) + _line("3", event.message)
            case _:
                assert_never(event)


def _line(code: str, value: Any) -> bytes:
    return f"{code}:{sse.compact_json(value)}\n".encode()


def _finish(complete: Complete) -> bytes:
    """Return the end of the one step, then the end of the message."""
    finish = {
        "finishReason": finish_reason(complete.stop_reason),
        "usage": {
            "promptTokens": complete.usage.get("inputTokens", 0),
            "completionTokens": complete.usage.get("outputTokens", 0),
        },
    }
    return _line("e", {**finish, "isContinued": False}) + _line("d", finish)
