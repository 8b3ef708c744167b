"""The AI SDK's data stream, as a table of exact bytes."""

from typing import Final, get_args

import pytest

from libs.streaming.encoders.base import Encoder
from libs.streaming.encoders.data_stream import DataStream
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


def complete(stop_reason: str) -> Complete:
    return Complete(
        message_id="m-2",
        conversation_id="c-1",
        user_message={"messageId": "m-1", "content": "Hi"},
        ai_message={"messageId": "m-2", "content": "Go."},
        stop_reason=stop_reason,
        usage={"inputTokens": 12, "outputTokens": 3, "costUsd": 0.00000035},
        timings={"totalMs": 9},
    )


BYTES: Final[list[tuple[TurnEvent, str]]] = [
    (Start("t-1", "c-1", "m-2"), 'f:{"messageId":"m-2"}\n'),
    (
        Progress("generating", "Writing the answer"),
        '2:[{"type":"progress","stage":"generating","message":"Writing the answer"}]\n',
    ),
    (
        Contextual("initial_greeting", "Right on.\n"),
        '2:[{"type":"contextual","stage":"initial_greeting","content":"Right on.\\n"}]\n',
    ),
    (
        Recall(({"memoryId": "a", "snippet": "Knie", "score": 0.25, "source": "memory"},)),
        '2:[{"type":"recall","memories":[{"memoryId":"a","snippet":"Knie","score":0.25,"source":"memory"}]}]\n',
    ),
    (Chunk('"Drück"\r\n\n\u2028🏋️'), '0:"\\"Drück\\"\\r\\n\\n\\u2028🏋️"\n'),
    (Chunk(" "), '0:" "\n'),
    (
        Notice("fallback", "Another model."),
        '2:[{"type":"notice","kind":"fallback","message":"Another model."}]\n',
    ),
    (
        complete("end_turn"),
        'e:{"finishReason":"stop","usage":{"promptTokens":12,"completionTokens":3},"isContinued":false}\n'
        'd:{"finishReason":"stop","usage":{"promptTokens":12,"completionTokens":3}}\n',
    ),
    (
        Error("MODEL_THROTTLED", "try again", retryable=True, turn_id="t-1"),
        '2:[{"type":"error","code":"MODEL_THROTTLED","retryable":true}]\n3:"try again"\n',
    ),
]


@pytest.mark.parametrize(("event", "line"), BYTES, ids=lambda value: type(value).__name__)
def test_an_event_is_a_line_of_a_code_and_json(event: TurnEvent, line: str) -> None:
    assert DataStream().encode(12, event) == line.encode()


def test_every_event_has_its_bytes_in_this_table() -> None:
    assert {type(event) for event, _ in BYTES} == set(get_args(TurnEvent.__value__))


@pytest.mark.parametrize(
    ("stop_reason", "finish_reason"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("guardrail_intervened", "content-filter"),
        ("content_filtered", "content-filter"),
        ("tool_use", "tool-calls"),
        ("something new", "other"),
    ],
)
def test_a_stop_reason_is_a_word_that_the_parser_knows(stop_reason: str, finish_reason: str) -> None:
    last = DataStream().encode(1, complete(stop_reason)).splitlines()[-1]
    assert last.startswith(b'd:{"finishReason":"%s",' % finish_reason.encode())


def test_the_keep_alive_is_data_without_any_because_the_parser_throws_on_comments() -> None:
    encoder: Encoder = DataStream()
    assert (encoder.keep_alive, encoder.opening()) == (b"2:[]\n", b"")


def test_the_headers_name_the_protocol() -> None:
    assert DataStream().headers == {
        "content-type": "text/plain; charset=utf-8",
        "x-vercel-ai-data-stream": "v1",
        "cache-control": "no-cache, no-transform",
        "x-accel-buffering": "no",
    }


def test_a_client_that_insists_is_told_that_it_is_an_event_stream() -> None:
    headers = DataStream(as_event_stream=True).headers
    assert headers["content-type"] == "text/event-stream; charset=utf-8"
    assert headers["x-vercel-ai-data-stream"] == "v1"
