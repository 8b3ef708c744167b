"""The AI SDK's UI message stream, as a table of exact bytes."""

from collections.abc import Iterable
from typing import Final, get_args

import pytest

from libs.streaming.encoders.base import Encoder
from libs.streaming.encoders.ui_message_stream import UiMessageStream
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

COMPLETE: Final = Complete(
    message_id="m-2",
    conversation_id="c-1",
    user_message={"messageId": "m-1", "content": "Hi"},
    ai_message={"messageId": "m-2", "content": "Go."},
    stop_reason="max_tokens",
    usage={"inputTokens": 12, "outputTokens": 3},
    timings={"totalMs": 9},
)
ERROR: Final = Error("MODEL_THROTTLED", "try again", retryable=True, turn_id="t-1")
START_BYTES: Final = 'data: {"type":"start","messageId":"m-2"}\n\ndata: {"type":"start-step"}\n\n'
FINISH_BYTES: Final = (
    'data: {"type":"finish-step"}\n\n'
    'data: {"type":"finish","finishReason":"length","messageMetadata":'
    '{"usage":{"inputTokens":12,"outputTokens":3},"timings":{"totalMs":9},"messageId":"m-2"}}\n\n'
    "data: [DONE]\n\n"
)
ERROR_BYTES: Final = (
    'data: {"type":"data-error","data":{"code":"MODEL_THROTTLED","retryable":true},"transient":true}\n\n'
    'data: {"type":"error","errorText":"try again"}\n\n'
    "data: [DONE]\n\n"
)
BYTES: Final[list[tuple[TurnEvent, str]]] = [
    (Start("t-1", "c-1", "m-2"), START_BYTES),
    (
        Progress("generating", "Writing the answer"),
        'data: {"type":"data-progress","data":{"stage":"generating","message":"Writing the answer"},'
        '"transient":true}\n\n',
    ),
    (
        Contextual("initial_greeting", "Right on.\n"),
        'data: {"type":"data-contextual","id":"initial_greeting",'
        '"data":{"stage":"initial_greeting","content":"Right on.\\n"}}\n\n',
    ),
    (
        Recall(({"memoryId": "a", "snippet": "Knie", "score": 0.25, "source": "memory"},)),
        'data: {"type":"data-recall","data":{"memories":'
        '[{"memoryId":"a","snippet":"Knie","score":0.25,"source":"memory"}]}}\n\n',
    ),
    (
        Chunk('"Drück"\r\n\n🏋️'),
        'data: {"type":"text-start","id":"answer"}\n\n'
        'data: {"type":"text-delta","id":"answer","delta":"\\"Drück\\"\\r\\n\\n🏋️"}\n\n',
    ),
    (
        Notice("fallback", "Another model."),
        'data: {"type":"data-notice","data":{"kind":"fallback","message":"Another model."}}\n\n',
    ),
    (COMPLETE, FINISH_BYTES),
    (ERROR, ERROR_BYTES),
]


def encoded(events: Iterable[TurnEvent]) -> str:
    encoder = UiMessageStream()
    return b"".join(encoder.encode(number, event) for number, event in enumerate(events, start=1)).decode()


@pytest.mark.parametrize(("event", "frames"), BYTES, ids=lambda value: type(value).__name__)
def test_an_event_is_one_frame_for_each_part(event: TurnEvent, frames: str) -> None:
    assert encoded([event]) == frames


def test_every_event_has_its_bytes_in_this_table() -> None:
    assert {type(event) for event, _ in BYTES} == set(get_args(TurnEvent.__value__))


@pytest.mark.parametrize(("end", "frames"), [(COMPLETE, FINISH_BYTES), (ERROR, ERROR_BYTES)])
def test_the_text_opens_once_and_closes_before_the_end(end: TurnEvent, frames: str) -> None:
    aside = Contextual("insights_brewing", "Hm.\n\n")
    assert encoded([Chunk("To "), aside, Chunk("parallel."), end]) == (
        'data: {"type":"text-start","id":"answer"}\n\n'
        'data: {"type":"text-delta","id":"answer","delta":"To "}\n\n'
        'data: {"type":"data-contextual","id":"insights_brewing",'
        '"data":{"stage":"insights_brewing","content":"Hm.\\n\\n"}}\n\n'
        'data: {"type":"text-delta","id":"answer","delta":"parallel."}\n\n'
        'data: {"type":"text-end","id":"answer"}\n\n' + frames
    )


def test_the_keep_alive_is_a_comment() -> None:
    encoder: Encoder = UiMessageStream()
    assert (encoder.keep_alive, encoder.opening()) == (b": keep-alive\n\n", b"")


def test_the_headers_name_the_protocol() -> None:
    assert UiMessageStream().headers == {
        "content-type": "text/event-stream",
        "x-vercel-ai-ui-message-stream": "v1",
        "cache-control": "no-cache, no-transform",
        "x-accel-buffering": "no",
    }
