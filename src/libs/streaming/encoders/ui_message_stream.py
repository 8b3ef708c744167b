"""The AI SDK's UI message stream, version 1, which its versions 5, 6 and 7 read.

Their parsers are strict: a part of an unknown type, a null where a field is optional, or a delta outside
its text ends the stream with an error. What is absent is therefore left out.

Source  the AI SDK 5 documentation, "Stream Protocols", "UI Message Stream Protocol"
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
)

UI_MESSAGE_HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "content-type": "text/event-stream",
        "x-vercel-ai-ui-message-stream": "v1",
        "cache-control": "no-cache, no-transform",
        "x-accel-buffering": "no",
    }
)
DONE: Final = b"data: [DONE]\n\n"
TEXT_ID: Final = "answer"
"""The answer is one text, whatever asides come between its deltas."""


class UiMessageStream:
    """Encodes events as `data:` frames of one part each, `[DONE]` last; opens and closes the text itself."""

    headers: Mapping[str, str] = UI_MESSAGE_HEADERS
    keep_alive = sse.KEEP_ALIVE

    def __init__(self) -> None:
        self._text_is_open = False

    def opening(self) -> bytes:
        return b""

    def encode(self, number: int, event: TurnEvent) -> bytes:  # noqa: ARG002 - parts have no ids here
        match event:
            case Chunk(content):
                return self._opened() + _part("text-delta", id=TEXT_ID, delta=content)
            case Start():
                return _part("start", messageId=event.message_id) + _part("start-step")
            case Progress(stage, message):
                return _part("data-progress", data={"stage": stage, "message": message}, transient=True)
            case Contextual(stage, content):
                return _part("data-contextual", id=stage, data={"stage": stage, "content": content})
            case Recall(memories):
                return _part("data-recall", data={"memories": [dict(memory) for memory in memories]})
            case Notice(kind, message):
                return _part("data-notice", data={"kind": kind, "message": message})
            case Complete():
                return self._closed() + _finish(event)
            case Error():
                return self._closed() + _failure(event)
            case _:
                assert_never(event)

    def _opened(self) -> bytes:
        if self._text_is_open:
            return b""
        self._text_is_open = True
        return _part("text-start", id=TEXT_ID)

    def _closed(self) -> bytes:
        if not self._text_is_open:
            return b""
        self._text_is_open = False
        return _part("text-end", id=TEXT_ID)


def _part(kind: str, **fields: Any) -> bytes:
    return sse.frame({"type": kind, **fields})


def _finish(complete: Complete) -> bytes:
    metadata = {
        "usage": complete.usage,
        "timings": complete.timings,
        "messageId": complete.message_id,
    }
    reason = finish_reason(complete.stop_reason)
    return _part("finish-step") + _part("finish", finishReason=reason, messageMetadata=metadata) + DONE


def _failure(error: Error) -> bytes:
    code = {"code": error.code, "retryable": error.retryable}
    return _part("data-error", data=code, transient=True) + _part("error", errorText=error.message) + DONE
