"""What a server may send that is no chat completion, and how a request is written."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import openai
import pytest

from libs.coach_conversation.errors import (
    ModelFailed,
    ModelRefused,
    ModelStreamInterrupted,
    ModelThrottled,
    ModelUnavailable,
)
from libs.coach_conversation.ports import Delta, Metered, ModelEvent, Prompt, PromptMessage, Stop, Tool
from libs.coach_conversation.types import Usage
from stream_coach.adapters.openai_chat import ChatCompletions
from stream_coach.adapters.openai_transport import http_client
from tests.stream_coach.adapters.scripted_server import begun_answer, http_answer, self_signed, serving

SSE: Final = "text/event-stream"
HI: Final = b'data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n'
STOP: Final = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
TOOL: Final = Tool("route", "Report.", {"type": "object"})


def prompt(**changes: Any) -> Prompt:
    known: dict[str, Any] = {
        "model_id": "openai:gpt-4.1",
        "system": ("Be brief.",),
        "messages": (PromptMessage("user", "Hi"),),
        "max_tokens": 50,
    }
    return Prompt(**known | changes)


@contextmanager
def model(port: int, *, scheme: str = "http", **options: Any) -> Iterator[ChatCompletions]:
    http = http_client(
        connect_timeout_s=2, read_timeout_s=options.pop("read_timeout_s", 5), max_connections=2
    )
    base_url = f"{scheme}://127.0.0.1:{port}/v1"
    client = openai.OpenAI(api_key="k", base_url=base_url, max_retries=0, http_client=http)
    with closing(ChatCompletions(client, max_tokens_name="max_completion_tokens")) as made:
        yield made


def heard(*answers: bytes, **changes: Any) -> list[ModelEvent]:
    with serving(*answers) as server, model(server.port) as made:
        return list(made.call(prompt(**changes)).events())


def status(code: int, body: bytes = b"{}") -> bytes:
    head = f"HTTP/1.1 {code} x\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


@pytest.mark.parametrize(
    ("code", "failure"),
    [
        (400, ModelRefused),
        (401, ModelRefused),
        (403, ModelRefused),
        (404, ModelRefused),
        (408, ModelUnavailable),
        (422, ModelRefused),
        (429, ModelThrottled),
        (500, ModelUnavailable),
        (503, ModelUnavailable),
    ],
)
def test_each_status_has_its_word_and_no_foreign_text(code: int, failure: type[ModelFailed]) -> None:
    with pytest.raises(failure) as failed:
        heard(status(code, b'{"error":{"message":"secret k"}}'))
    assert "secret" not in str(failed.value)


@pytest.mark.parametrize(
    "garbage",
    [
        b"data: {not json\n\n",
        b'data: "text"\n\n',
        b"data: [1,2]\n\n",
        b'data: {"choices":5}\n\n',
        b'data: {"choices":[{"delta":"x"}]}\n\n',
        b'data: {"choices":[{"delta":{"content":7}}],"usage":"many"}\n\n',
        b"data: " + b"[" * 5000 + b"\n\n",
        b"\xff\xfe garbage \x00\n\n",
        b"<html>no</html>",
    ],
)
def test_garbage_in_a_stream_is_no_answer_and_no_crash(garbage: bytes) -> None:
    answer = begun_answer(HI, garbage, content_type=SSE, ended=True)
    try:
        events = heard(answer)
    except ModelStreamInterrupted:
        return
    assert events[0] == Delta("Hi")
    assert not any(isinstance(event, Stop) for event in events)


@pytest.mark.parametrize(
    "document", [b"<html>no</html>", b"[]", b"null", b"5", b'{"choices":[]}', b'{"choices":[{"message":4}]}']
)
@pytest.mark.parametrize("media_type", ["application/json", "text/html"])
def test_garbage_for_a_whole_answer_is_no_answer_and_no_crash(document: bytes, media_type: str) -> None:
    answer = http_answer(document, content_type=media_type)
    try:
        events = heard(answer, streamed=False)
    except ModelFailed:
        return
    assert [type(event) for event in events] == [Metered]


def test_usage_counts_cached_tokens_apart_and_costs() -> None:
    used = (
        b'data: {"choices":[],"usage":{"prompt_tokens":1000,"completion_tokens":100,'
        b'"prompt_tokens_details":{"cached_tokens":400}}}\n\n'
    )
    *_, metered = heard(begun_answer(HI, STOP, used, b"data: [DONE]\n\n", content_type=SSE, ended=True))
    assert metered == Metered(Usage(600, 100, 400, 0, 1, 0.00208))


def test_a_cut_stream_is_interrupted_and_what_was_heard_stays() -> None:
    with serving(begun_answer(HI, content_type=SSE)) as server, model(server.port) as made:
        events = made.call(prompt()).events()
        assert next(events) == Delta("Hi")
        server.stop()
        with pytest.raises(ModelStreamInterrupted):
            next(events)


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with serving() as server:
        port = server.port
    with model(port) as made, pytest.raises(ModelUnavailable):
        list(made.call(prompt()).events())


def test_a_server_that_says_nothing_is_left_after_the_read_timeout() -> None:
    with (
        serving(b"") as server,
        model(server.port, read_timeout_s=0.05) as made,
        pytest.raises(ModelUnavailable),
    ):
        list(made.call(prompt()).events())


@pytest.mark.parametrize(
    "arguments",
    ['"{"', '"[" ', "null", "5", '"' + "[" * 3000 + '"'],
    ids=["half", "open", "null", "5", "deep"],
)
def test_a_tools_input_that_is_no_json_is_nothing(arguments: str) -> None:
    call = f'{{"function":{{"name":"route","arguments":{arguments}}}}}'
    body = f'{{"choices":[{{"message":{{"tool_calls":[{call}]}}}}]}}'
    answer = http_answer(body.encode(), content_type="application/json")
    with serving(answer) as server, model(server.port) as made:
        assert made.call(prompt(tool=TOOL)).tool_answer().value is None


def test_a_call_over_tls_is_ended_from_another_thread_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls, certificate = self_signed(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with (
        serving(begun_answer(HI, content_type=SSE), tls=tls) as server,
        model(server.port, scheme="https", read_timeout_s=30) as made,
    ):
        call = made.call(prompt())
        events = call.events()
        assert next(events) == Delta("Hi")
        threading.Timer(0.05, call.abandon).start()
        begun_s = time.monotonic()
        with pytest.raises(ModelStreamInterrupted):
            next(events)
        assert time.monotonic() - begun_s < 5
