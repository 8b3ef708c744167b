"""The default protocol, as a table of exact bytes."""

from typing import Final, get_args

import pytest

from libs.streaming.encoders.base import Encoder
from libs.streaming.encoders.typed_sse import TypedSse
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

BYTES: Final[list[tuple[TurnEvent, str]]] = [
    (
        Start("t-1", "c-1", "m-2"),
        '{"type":"start","status":"initialized","turnId":"t-1","conversationId":"c-1","messageId":"m-2"}',
    ),
    (
        Progress("generating", "Writing the answer"),
        '{"type":"progress","stage":"generating","message":"Writing the answer"}',
    ),
    (
        Contextual("initial_greeting", "Right on.\n"),
        '{"type":"contextual","stage":"initial_greeting","content":"Right on.\\n"}',
    ),
    (
        Recall(({"memoryId": "a", "snippet": "Knie", "score": 0.25, "source": "memory"},)),
        '{"type":"recall","memories":[{"memoryId":"a","snippet":"Knie","score":0.25,"source":"memory"}]}',
    ),
    (Recall(()), '{"type":"recall","memories":[]}'),
    (Chunk("Drück dich hoch 🏋️\n\n"), '{"type":"chunk","content":"Drück dich hoch 🏋️\\n\\n"}'),
    (Chunk(" "), '{"type":"chunk","content":" "}'),
    (Notice("fallback", "Another model."), '{"type":"notice","kind":"fallback","message":"Another model."}'),
    (
        Complete(
            message_id="m-2",
            conversation_id="c-1",
            user_message={"messageId": "m-1", "content": "Hi"},
            ai_message={
                "messageId": "m-2",
                "content": "Go.",
                "parts": [{"type": "answer", "text": "Go."}],
            },
            stop_reason="end_turn",
            usage={"inputTokens": 12, "costUsd": 0.00000035},
            timings={"firstTokenMs": 5, "totalMs": 9, "routerMs": 3},
        ),
        '{"type":"complete","status":"finished","messageId":"m-2","conversationId":"c-1",'
        '"userMessage":{"messageId":"m-1","content":"Hi"},'
        '"aiMessage":{"messageId":"m-2","content":"Go.","parts":[{"type":"answer","text":"Go."}]},'
        '"stopReason":"end_turn","usage":{"inputTokens":12,"costUsd":3.5e-07},'
        '"timings":{"firstTokenMs":5,"totalMs":9,"routerMs":3}}',
    ),
    (
        Error("MODEL_THROTTLED", "try again", retryable=True, turn_id="t-1"),
        '{"type":"error","code":"MODEL_THROTTLED","message":"try again","retryable":true,"turnId":"t-1"}',
    ),
    (
        Error("CANCELLED", "stopped", retryable=False, turn_id="t-1", saved_content="So far"),
        '{"type":"error","code":"CANCELLED","message":"stopped","retryable":false,"turnId":"t-1",'
        '"savedContent":"So far"}',
    ),
]


@pytest.mark.parametrize(("event", "line"), BYTES, ids=lambda value: type(value).__name__)
def test_an_event_is_an_id_line_and_a_data_line(event: TurnEvent, line: str) -> None:
    assert TypedSse("t-1").encode(12, event) == f"id: t-1.12\ndata: {line}\n\n".encode()


def test_every_event_has_its_bytes_in_this_table() -> None:
    assert {type(event) for event, _ in BYTES} == set(get_args(TurnEvent.__value__))


def test_a_stream_begins_with_the_reconnection_time() -> None:
    assert TypedSse("t-1").opening() == b"retry: 3000\n\n"


def test_nothing_may_keep_or_change_the_stream_on_its_way() -> None:
    assert TypedSse("t-1").headers == {
        "content-type": "text/event-stream; charset=utf-8",
        "cache-control": "no-cache, no-transform",
        "x-accel-buffering": "no",
    }


def test_the_keep_alive_is_a_comment() -> None:
    encoder: Encoder = TypedSse("t-1")
    assert encoder.keep_alive == b": keep-alive\n\n"


@pytest.mark.parametrize(("event", "_"), BYTES, ids=lambda value: type(value).__name__)
def test_a_frame_names_no_event_and_holds_no_carriage_return(event: TurnEvent, _: str) -> None:
    lines = TypedSse("t-1").encode(1, event).split(b"\n")
    assert [line.partition(b":")[0] for line in lines] == [b"id", b"data", b"", b""]
    assert b"\r" not in b"".join(lines)
