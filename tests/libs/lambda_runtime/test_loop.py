"""Pollers: how many run at once, and what ends them."""

import json
import os
import threading
from collections.abc import Callable, Iterator

import pytest

from libs.lambda_runtime import Context
from tests.libs.lambda_runtime.conftest import Runtime
from tests.libs.lambda_runtime.fake_runtime_api import PATIENCE_S, FakeRuntimeApi, Peer


class Gated:
    """A handler whose stream waits in its middle until the test lets it go on."""

    def __init__(self) -> None:
        self.gate = threading.Event()

    def __call__(self, event: object, context: Context) -> Iterator[bytes]:
        yield b"begun"
        assert self.gate.wait(PATIENCE_S)
        yield b"ended"


def poll_reasons(capfd: pytest.CaptureFixture[str]) -> list[tuple[str, str]]:
    lines = map(json.loads, capfd.readouterr().err.splitlines())
    return [(line["level"], line["reason"]) for line in lines if line["event"] == "polling_stopped"]


def test_as_many_invocations_run_at_once_as_there_are_pollers(api: FakeRuntimeApi, runtime: Runtime) -> None:
    handler = Gated()
    runtime.start(handler, concurrency=3)
    exchanges = [api.invoke() for _ in range(4)]

    for exchange in exchanges[:3]:
        exchange.wait_for_chunks(1)
    assert (exchanges[3].posts, api.connections) == (0, 3)
    handler.gate.set()
    assert [exchange.wait().chunks for exchange in exchanges] == [[b"begun", b"ended"]] * 4
    assert api.connections == 3


def test_one_poller_runs_in_the_thread_that_is_there(api: FakeRuntimeApi, runtime: Runtime) -> None:
    names: list[str] = []
    loop = runtime.start(lambda event, context: names.append(threading.current_thread().name))
    before = threading.active_count()
    api.invoke().wait()

    assert threading.active_count() <= before + 1  # the fake API's own thread for the connection
    assert not names[0].startswith("poller")
    loop.shutdown.request("done", exit_code=0)
    assert loop.join() == 0


def refuse_with(status: int) -> Callable[[Peer], None]:
    return lambda peer: peer.reply(status)


def hang_up(peer: Peer) -> None:
    peer.close()


def talk_nonsense(peer: Peer) -> None:
    peer.socket.sendall(b"\0\0\0\r\n\r\n")


def forget_the_id(peer: Peer) -> None:
    peer.reply(200)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (refuse_with(500), "GET /next was answered 500"),
        (refuse_with(403), "GET /next was answered 403"),
        (refuse_with(202), "GET /next was answered 202"),
        (hang_up, "GET /next failed: the connection ended before the reply was complete"),
        (talk_nonsense, "GET /next failed: the reply does not begin with an HTTP/1.1 status line"),
        (forget_the_id, "GET /next was answered without a request id"),
    ],
)
def test_a_poll_without_an_invocation_ends_all_pollers_after_what_runs(
    api: FakeRuntimeApi,
    runtime: Runtime,
    answer: Callable[[Peer], None],
    reason: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    handler = Gated()
    loop = runtime.start(handler, concurrency=3)
    running = api.invoke()
    running.wait_for_chunks(1)
    api.wait_for_polls(3)
    api.answer_poll(answer)
    assert loop.shutdown_ordered()
    handler.gate.set()

    assert running.wait().chunks == [b"begun", b"ended"]
    assert loop.join() == 1
    assert poll_reasons(capfd) == [("ERROR", reason)]


def test_an_api_that_is_not_there_ends_the_loop(
    api: FakeRuntimeApi, runtime: Runtime, capfd: pytest.CaptureFixture[str]
) -> None:
    api.stop_listening()

    assert runtime.start(lambda event, context: None, concurrency=2).join() == 1
    reason = "GET /next failed: the connection to the Runtime API broke: Connection refused"
    assert poll_reasons(capfd) == [("ERROR", reason)]


@pytest.mark.parametrize("fault", [SystemExit(0), KeyboardInterrupt()])
def test_a_handler_that_exits_is_reported_and_ends_the_loop(
    api: FakeRuntimeApi, runtime: Runtime, fault: BaseException, capfd: pytest.CaptureFixture[str]
) -> None:
    def handler(event: object, context: Context) -> object:
        raise fault

    loop = runtime.start(handler, concurrency=2)
    exchange = api.invoke().wait()

    assert (exchange.path[-6:], exchange.error["errorType"]) == ("/error", type(fault).__name__)
    assert loop.join() == 1
    assert poll_reasons(capfd) == [("ERROR", f"the handler raised {type(fault).__name__}")]


def test_a_stream_that_exits_is_reported_and_ends_the_loop(api: FakeRuntimeApi, runtime: Runtime) -> None:
    def handler(event: object, context: Context) -> Iterator[bytes]:
        yield b"bye"
        raise SystemExit

    loop = runtime.start(handler)
    exchange = api.invoke().wait()

    assert exchange.trailers["lambda-runtime-function-error-type"] == "SystemExit"
    assert loop.join() == 1


def tell_trace(event: object, context: Context) -> object:
    return [os.environ.get("_X_AMZN_TRACE_ID"), context.trace_id]


TRACED = {"Lambda-Runtime-Trace-Id": "Root=1"}


def test_one_poller_publishes_the_trace(
    api: FakeRuntimeApi, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("_X_AMZN_TRACE_ID", raising=False)
    runtime.start(tell_trace)

    assert api.invoke(headers=TRACED).wait().body == b'["Root=1","Root=1"]'
    assert api.invoke().wait().body == b"[null,null]"


def test_several_pollers_leave_the_processs_trace_alone(
    api: FakeRuntimeApi, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("_X_AMZN_TRACE_ID", raising=False)
    runtime.start(tell_trace, concurrency=2)

    assert api.invoke(headers=TRACED).wait().body == b'[null,"Root=1"]'
