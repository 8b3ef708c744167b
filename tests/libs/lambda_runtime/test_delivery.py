"""What reaches the Runtime API when all goes well, and when the handler fails."""

import itertools
import json
import threading
from collections.abc import Iterator
from types import MappingProxyType

import pytest

from libs.lambda_runtime import Context, StreamingResponse
from libs.lambda_runtime.response import Chunks
from tests.libs.lambda_runtime.conftest import Runtime
from tests.libs.lambda_runtime.fake_runtime_api import PATIENCE_S, FakeRuntimeApi

EVENT_TEXT = "a person's own words"


def answer(body: object, *, headers: object = None) -> StreamingResponse:
    return StreamingResponse(200, headers or {}, (), body)  # type: ignore[arg-type]


def test_the_prelude_leaves_before_the_body_is_asked_for_anything(
    api: FakeRuntimeApi, runtime: Runtime
) -> None:
    gate = threading.Event()

    def body() -> Iterator[bytes]:
        assert gate.wait(PATIENCE_S)
        yield b"late"

    headers = MappingProxyType({"content-type": "text/event-stream"})
    runtime.start(lambda event, context: StreamingResponse(201, headers, ("a=1", "b=2"), body()))
    exchange = api.invoke()

    assert exchange.wait_for_chunks(1) == [
        b'{"statusCode":201,"headers":{"content-type":"text/event-stream"},"cookies":["a=1","b=2"]}'
        b"\0\0\0\0\0\0\0\0"
    ]
    gate.set()
    assert exchange.wait().chunks[1:] == [b"late"]


def test_each_item_leaves_while_the_next_one_is_still_to_come(api: FakeRuntimeApi, runtime: Runtime) -> None:
    gates = [threading.Event() for _ in range(3)]

    def body() -> Iterator[bytes]:
        for number, gate in enumerate(gates):
            yield b"item %d" % number
            assert gate.wait(PATIENCE_S)

    runtime.start(lambda event, context: answer(body()))
    exchange = api.invoke()

    for number, gate in enumerate(gates):
        assert exchange.wait_for_chunks(number + 2)[1:] == [b"item %d" % n for n in range(number + 1)]
        gate.set()
    assert exchange.wait().trailers == {}


def test_an_http_answer_is_announced_as_one(api: FakeRuntimeApi, runtime: Runtime) -> None:
    runtime.start(lambda event, context: answer(["x"]))
    exchange = api.invoke().wait()

    assert exchange.path == "/2018-06-01/runtime/invocation/request-1/response"
    assert exchange.request_headers == {
        "host": f"127.0.0.1:{api.port}",
        "content-type": "application/vnd.awslambda.http-integration-response",
        "lambda-runtime-function-response-mode": "streaming",
        "transfer-encoding": "chunked",
        "trailer": "Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body",
    }


def test_text_leaves_as_utf_8_and_empty_items_do_not_end_the_body(
    api: FakeRuntimeApi, runtime: Runtime
) -> None:
    runtime.start(lambda event, context: answer(["", "Größe ", b"", "💪", "", b"\x00\xff", ""]))

    assert api.invoke().wait().chunks[1:] == ["Größe ".encode(), "💪".encode(), b"\x00\xff"]


def test_a_body_of_one_text_is_one_chunk(api: FakeRuntimeApi, runtime: Runtime) -> None:
    runtime.start(lambda event, context: answer("not letter by letter"))

    assert api.invoke().wait().chunks[1:] == [b"not letter by letter"]


def test_a_body_without_items_is_a_prelude_alone(api: FakeRuntimeApi, runtime: Runtime) -> None:
    runtime.start(lambda event, context: StreamingResponse(204))
    exchange = api.invoke().wait()

    assert exchange.prelude == {"statusCode": 204, "headers": {}, "cookies": []}
    assert exchange.chunks[1:] == []


def test_a_generator_is_streamed_raw(api: FakeRuntimeApi, runtime: Runtime) -> None:
    gate = threading.Event()

    def handler(event: object, context: Context) -> Iterator[str]:
        yield "0:one\n"
        assert gate.wait(PATIENCE_S)
        yield "0:two\n"

    runtime.start(handler)
    exchange = api.invoke()

    assert exchange.wait_for_chunks(1) == [b"0:one\n"]
    gate.set()
    assert exchange.wait().chunks == [b"0:one\n", b"0:two\n"]
    assert exchange.request_headers["content-type"] == "application/octet-stream"
    assert exchange.request_headers["lambda-runtime-function-response-mode"] == "streaming"


def test_a_generator_without_items_is_an_empty_stream(api: FakeRuntimeApi, runtime: Runtime) -> None:
    runtime.start(lambda event, context: iter(()))
    exchange = api.invoke().wait()

    assert (exchange.chunks, exchange.path[-9:]) == ([], "/response")


@pytest.mark.parametrize("value", [{"batchItemFailures": []}, [1, "zwölf"], "text", None, 0])
def test_any_json_value_is_answered_whole(api: FakeRuntimeApi, runtime: Runtime, value: object) -> None:
    runtime.start(lambda event, context: value)
    exchange = api.invoke().wait()

    assert json.loads(exchange.body) == value
    assert exchange.request_headers["content-type"] == "application/json"
    assert "transfer-encoding" not in exchange.request_headers


def test_a_large_json_value_arrives_whole(api: FakeRuntimeApi, runtime: Runtime) -> None:
    runtime.start(lambda event, context: "x" * 5_000_000)

    assert len(api.invoke().wait().body) == 5_000_002


def test_the_handler_gets_the_event_and_what_the_headers_say(api: FakeRuntimeApi, runtime: Runtime) -> None:
    seen: list[tuple[object, Context]] = []
    runtime.start(lambda event, context: seen.append((event, context)))
    api.invoke(
        {"text": "ä" * 100_000},
        timeout_s=30,
        headers={"Lambda-Runtime-Invoked-Function-Arn": "arn:aws:x", "Lambda-Runtime-Trace-Id": "Root=1"},
    ).wait()

    [(event, context)] = seen
    assert event == {"text": "ä" * 100_000}
    assert 25_000 < context.get_remaining_time_in_millis() <= 30_000
    assert (context.aws_request_id, context.invoked_function_arn) == ("request-1", "arn:aws:x")
    assert (context.function_name, context.function_version, context.memory_limit_in_mb) == (
        "coach",
        "7",
        512,
    )
    assert context.trace_id == "Root=1"


def test_the_attempts_id_is_sent_back(api: FakeRuntimeApi, runtime: Runtime) -> None:
    runtime.start(lambda event, context: answer("x") if event else None)
    attempt = {"Lambda-Runtime-Invocation-Id": "attempt-9"}

    for event in (True, False):
        headers = api.invoke(event, headers=attempt).wait().request_headers
        assert headers["lambda-runtime-invocation-id"] == "attempt-9"


def test_an_error_of_the_handler_fails_the_invocation(
    api: FakeRuntimeApi, runtime: Runtime, capfd: pytest.CaptureFixture[str]
) -> None:
    def handler(event: object, context: Context) -> object:
        raise LookupError("no such coach")

    runtime.start(handler)
    exchange = api.invoke({"words": EVENT_TEXT}).wait()

    assert exchange.path == "/2018-06-01/runtime/invocation/request-1/error"
    assert exchange.request_headers["lambda-runtime-function-error-type"] == "LookupError"
    assert (exchange.error["errorType"], exchange.error["errorMessage"]) == ("LookupError", "no such coach")
    assert 'raise LookupError("no such coach")' in exchange.error["stackTrace"][-1]

    [line] = capfd.readouterr().err.splitlines()
    fields = json.loads(line)
    assert (fields["level"], fields["event"], fields["requestId"]) == (
        "ERROR",
        "invocation_failed",
        "request-1",
    )
    assert EVENT_TEXT not in line


def test_an_error_of_a_raw_stream_before_its_first_item_fails_the_invocation(
    api: FakeRuntimeApi, runtime: Runtime
) -> None:
    def handler(event: object, context: Context) -> Iterator[bytes]:
        yield b""
        raise ValueError("too soon")

    runtime.start(handler)
    exchange = api.invoke().wait()

    assert (exchange.path[-6:], exchange.error["errorMessage"]) == ("/error", "too soon")


def test_an_error_after_the_prelude_ends_the_stream_with_trailers(
    api: FakeRuntimeApi, runtime: Runtime
) -> None:
    def body() -> Iterator[bytes]:
        raise TimeoutError("the model is silent")
        yield b"never"

    runtime.start(lambda event, context: answer(body()))
    exchange = api.invoke().wait()

    assert (exchange.path[-9:], exchange.posts, len(exchange.chunks)) == ("/response", 1, 1)
    assert exchange.trailers["lambda-runtime-function-error-type"] == "TimeoutError"
    assert (exchange.error["errorType"], exchange.error["errorMessage"]) == (
        "TimeoutError",
        "the model is silent",
    )


def test_an_error_between_items_keeps_what_was_said(api: FakeRuntimeApi, runtime: Runtime) -> None:
    def handler(event: object, context: Context) -> Iterator[str]:
        yield "half an ans"
        raise RuntimeError("x" * 100_000)

    runtime.start(handler)
    exchange = api.invoke().wait()

    assert exchange.chunks == [b"half an ans"]
    assert len(exchange.error["errorMessage"]) == 1000


@pytest.mark.parametrize(
    ("value", "error_type"),
    [
        (answer("x", headers={"bad": object()}), "Runtime.MarshalError"),
        (answer(3), "TypeError"),
        (iter([3]), "Runtime.MarshalError"),
        (object(), "Runtime.MarshalError"),
        (b"bytes are not JSON", "Runtime.MarshalError"),
        ({"self": itertools.count}, "Runtime.MarshalError"),
    ],
)
def test_an_answer_that_cannot_be_written_fails_the_invocation(
    api: FakeRuntimeApi, runtime: Runtime, value: object, error_type: str
) -> None:
    runtime.start(lambda event, context: value)
    exchange = api.invoke().wait()

    assert (exchange.path[-6:], exchange.error["errorType"]) == ("/error", error_type)


@pytest.mark.parametrize("item", [3, None, "\ud800"])
def test_an_item_that_cannot_be_written_ends_the_stream_and_closes_the_body(
    api: FakeRuntimeApi, runtime: Runtime, item: object
) -> None:
    closed = threading.Event()

    def body() -> Iterator[object]:
        try:
            yield "fine"
            yield item
            yield "never"
        finally:
            closed.set()

    runtime.start(lambda event, context: answer(body()))
    exchange = api.invoke().wait()

    assert exchange.chunks[1:] == [b"fine"]
    assert exchange.error["errorType"] == "Runtime.MarshalError"
    assert closed.wait(PATIENCE_S)


def test_a_malformed_event_fails_that_invocation_and_tells_nothing_of_it(
    api: FakeRuntimeApi, runtime: Runtime, capfd: pytest.CaptureFixture[str]
) -> None:
    runtime.start(lambda event, context: event)
    broken = api.invoke(raw_event=b'{"words": "' + EVENT_TEXT.encode()).wait()

    assert (broken.path[-6:], broken.error["errorType"]) == ("/error", "Runtime.UnmarshalError")
    assert EVENT_TEXT not in broken.body.decode() + capfd.readouterr().err
    assert api.invoke({"next": 1}).wait().body == b'{"next":1}'


def test_a_malformed_client_context_fails_that_invocation(api: FakeRuntimeApi, runtime: Runtime) -> None:
    runtime.start(lambda event, context: event)
    exchange = api.invoke(headers={"Lambda-Runtime-Client-Context": "{"}).wait()

    assert (exchange.path[-6:], exchange.error["errorType"]) == ("/error", "Runtime.UnmarshalError")


def test_invocations_share_one_connection(api: FakeRuntimeApi, runtime: Runtime) -> None:
    runtime.start(lambda event, context: {"a": answer("x"), "b": 1, "c": iter("yz")}.get(event))
    for event in "abcabc":
        api.invoke(event).wait()

    assert api.connections == 1


class Resource:
    """A body with a `close` of its own, as a database cursor has."""

    def __init__(self) -> None:
        self.closed = threading.Event()

    def __iter__(self) -> Iterator[bytes]:
        yield b"row"

    def close(self) -> None:
        self.closed.set()


def test_a_body_is_closed_after_its_last_item(api: FakeRuntimeApi, runtime: Runtime) -> None:
    resource = Resource()
    runtime.start(lambda event, context: answer(resource))

    assert api.invoke().wait().chunks[1:] == [b"row"]
    assert resource.closed.wait(PATIENCE_S)


def test_a_body_that_was_never_begun_is_closed(api: FakeRuntimeApi, runtime: Runtime) -> None:
    resource = Resource()
    runtime.start(lambda event, context: answer(resource, headers={"bad": object()}))
    api.invoke()

    assert resource.closed.wait(PATIENCE_S)


def test_a_body_that_is_its_own_iterator_is_closed_once() -> None:
    class Cursor:
        closings = 0

        def __iter__(self) -> "Cursor":
            return self

        def __next__(self) -> bytes:
            raise StopIteration

        def close(self) -> None:
            self.closings += 1

    cursor = Cursor()
    Chunks(cursor).close()
    assert cursor.closings == 1


def test_a_body_that_fails_to_close_is_logged_and_nothing_more(
    api: FakeRuntimeApi, runtime: Runtime, capfd: pytest.CaptureFixture[str]
) -> None:
    class Body:
        def __iter__(self) -> Iterator[object]:
            try:
                yield 3
            finally:
                raise OSError("cannot close")

    runtime.start(lambda event, context: answer(Body()) if event else "next")
    api.invoke(True).wait()

    assert api.invoke(False).wait().body == b'"next"'
    events = [json.loads(line)["event"] for line in capfd.readouterr().err.splitlines()]
    assert events == ["invocation_failed", "body_close_failed"]
