"""The whole process: how it starts, and how it ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import libs.lambda_runtime
from tests.libs.lambda_runtime.fake_runtime_api import FakeRuntimeApi
from tests.libs.lambda_runtime.processes import module_started

SIGNALS = [signal.SIGTERM, signal.SIGINT]


def test_it_streams(api: FakeRuntimeApi) -> None:
    with module_started(api.port, "greet"):
        exchange = api.invoke("you").wait()

    assert exchange.prelude == {"statusCode": 200, "headers": {"content-type": "text/plain"}, "cookies": []}
    assert exchange.chunks[1:] == [b"hello ", b"you"]


def test_what_a_handler_prints_is_out_before_the_process_can_freeze(api: FakeRuntimeApi) -> None:
    with module_started(api.port, "describe") as process:
        api.invoke().wait()

        assert process.read_line() == "a line on stdout\n"


@pytest.mark.parametrize("concurrency", ["1", "3"])
@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_idle_pollers_quietly(
    api: FakeRuntimeApi, number: signal.Signals, concurrency: str
) -> None:
    with module_started(api.port, "greet", AWS_LAMBDA_MAX_CONCURRENCY=concurrency) as process:
        api.wait_for_polls(int(concurrency))
        process.child.send_signal(number)
        exit_code, [line] = process.end()

    assert (exit_code, line["event"], line["reason"]) == (0, "polling_stopped", number.name)


@pytest.mark.parametrize("concurrency", ["1", "3"])
def test_a_signal_lets_running_invocations_end(api: FakeRuntimeApi, tmp_path: Path, concurrency: str) -> None:
    gates = [tmp_path / name for name in "abc"[: int(concurrency)]]
    for gate in gates:
        os.mkfifo(gate)
    with module_started(api.port, "hold", AWS_LAMBDA_MAX_CONCURRENCY=concurrency) as process:
        exchanges = [api.invoke(str(gate)) for gate in gates]
        for exchange in exchanges:
            exchange.wait_for_chunks(1)
        for number in (signal.SIGTERM, signal.SIGTERM):
            process.child.send_signal(number)
        for gate in gates:
            gate.write_text("ended")
        exit_code, [line] = process.end()

    assert [exchange.wait().chunks for exchange in exchanges] == [[b"begun", b"ended"]] * len(gates)
    assert (exit_code, line["level"], line["reason"]) == (0, "INFO", "SIGTERM")


def test_a_bad_poll_ends_the_process_with_one_line(api: FakeRuntimeApi) -> None:
    api.answer_poll(lambda peer: peer.reply(410))
    with module_started(api.port, "greet") as process:
        exit_code, [line] = process.end()

    assert (exit_code, line["event"]) == (1, "polling_stopped")
    assert line["reason"] == "GET /next was answered 410"


def test_a_handler_that_exits_takes_the_process_along(api: FakeRuntimeApi) -> None:
    with module_started(api.port, "leave", AWS_LAMBDA_MAX_CONCURRENCY="2") as process:
        exchange = api.invoke().wait()
        exit_code, lines = process.end()

    assert exchange.error["errorType"] == "SystemExit"
    assert (exit_code, [line["event"] for line in lines]) == (1, ["invocation_failed", "polling_stopped"])


@pytest.mark.parametrize(
    ("handler", "error_type"),
    [
        ("absent", "Runtime.HandlerNotFound"),
        ("no_such_module.handler", "Runtime.ImportModuleError"),
        ("exiting_module.handler", "SystemExit"),
        ("failing_module.handler", "ZeroDivisionError"),
    ],
)
def test_a_handler_that_cannot_be_loaded_is_an_init_error(
    api: FakeRuntimeApi, tmp_path: Path, handler: str, error_type: str
) -> None:
    (tmp_path / "exiting_module.py").write_text("raise SystemExit(0)\n")
    (tmp_path / "failing_module.py").write_text("1 / 0\n")
    path = f"{tmp_path}:{os.pathsep.join(sys.path)}"
    with module_started(api.port, handler, PYTHONPATH=path) as process:
        exit_code, [line] = process.end()

    told = api.init_error.wait()
    assert told.path == "/2018-06-01/runtime/init/error"
    assert told.request_headers["lambda-runtime-function-error-type"] == error_type
    assert set(told.error) == {"errorType", "errorMessage", "stackTrace"}
    assert (exit_code, line["event"], line["errorType"]) == (1, "init_failed", error_type)


def test_without_a_runtime_api_the_process_says_what_is_missing(api: FakeRuntimeApi) -> None:
    with module_started(api.port, "greet", AWS_LAMBDA_RUNTIME_API="") as process:
        exit_code, [line] = process.end()

    assert (exit_code, line["event"]) == (1, "settings_invalid")
    assert "AWS_LAMBDA_RUNTIME_API" in line["reason"]


def test_a_signal_handler_of_the_functions_own_is_kept(api: FakeRuntimeApi, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(
        "import signal, sys\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\n"
        "def handler(event, context): return 1\n"
    )
    path = f"{tmp_path}:{os.pathsep.join(sys.path)}"
    with module_started(api.port, "own.handler", PYTHONPATH=path) as process:
        api.wait_for_polls(1)
        process.child.terminate()
        exit_code, [line] = process.end()

    assert (exit_code, line["reason"]) == (0, "the function exits")


def test_the_example_of_the_package_runs(api: FakeRuntimeApi, tmp_path: Path) -> None:
    _, example, _ = (libs.lambda_runtime.__doc__ or "").split("```")
    (tmp_path / "app.py").write_text(example.removeprefix("python"))
    path = f"{tmp_path}:{os.pathsep.join(sys.path)}"
    with module_started(api.port, "app.handler", PYTHONPATH=path):
        exchange = api.invoke({}).wait()

    assert exchange.prelude["headers"] == {"content-type": "text/plain; charset=utf-8"}
    assert len(exchange.chunks) == 11
    assert exchange.chunks[10].endswith(b" ms left\n")


def test_the_runtime_imports_nothing_that_is_dear() -> None:
    code = "import sys, libs.lambda_runtime.loop as _; print(*sorted(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    dear = {
        "http.client",
        "ssl",
        "email",
        "dataclasses",
        "inspect",
        "logging",
        "traceback",
        "asyncio",
        "urllib",
    }
    assert dear.isdisjoint(out.split())
