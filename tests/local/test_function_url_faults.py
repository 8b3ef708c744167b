"""What a Function URL makes of functions that fail: over real sockets, with real processes."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from local.function_url import FunctionNotReady
from tests.local.function_host import (
    Answer,
    Host,
    hosting,
    read_piece,
    read_rest,
    release,
    scripted_function,
    wait_for_end,
)

SSE = {"statusCode": 200, "headers": {"content-type": "text/event-stream"}}
INTEGRATION = "application/vnd.awslambda.http-integration-response"
ROOT = Path(__file__).parents[2]


@pytest.fixture
def host(tmp_path: Path) -> Any:
    with hosting(tmp_path) as host:
        yield host


def assert_502(answer: Answer) -> None:
    assert (answer.status, answer.broken) == (502, False)
    assert answer.json() == {"Message": "Internal Server Error"}


def test_an_error_before_any_byte_is_a_502_that_tells_nothing(host: Host) -> None:
    assert_502(host.get({"error": "secret"}))
    assert [report.partition(" failed: ")[2] for report in host.reports] == ["Handler.Broke: secret"]


def test_error_trailers_break_a_response_that_has_begun(host: Host) -> None:
    answer = host.get({"prelude": SSE}, {"send": "one"}, {"fail": "late"})
    assert (answer.status, answer.body, answer.broken) == (200, b"one", True)


def test_error_trailers_before_the_prelude_are_a_502(host: Host) -> None:
    assert_502(host.get({"begin": INTEGRATION}, {"fail": "early"}))
    assert_502(host.get({"begin": "text/plain"}, {"fail": "early"}))


def test_a_post_that_breaks_off_breaks_the_response(host: Host) -> None:
    answer = host.get({"prelude": SSE}, {"send": "one"}, {"drop": None})
    assert (answer.status, answer.body, answer.broken) == (200, b"one", True)
    assert_502(host.get({"begin": INTEGRATION}, {"send": '{"statusCode"'}, {"drop": None}))


@pytest.mark.parametrize(
    "steps",
    [
        [{"begin": INTEGRATION}, {"send": "no prelude"}, {"end": None}],
        [{"begin": INTEGRATION}, {"send": "not json" + "\0" * 8}, {"end": None}],
        [{"begin": INTEGRATION}, {"send_many": 70}, {"end": None}],
        [{"prelude": {"statusCode": 99}}, {"end": None}],
        [{"prelude": {"statusCode": 200, "headers": {"x-a": "1\r\nx-b: 2"}}}, {"end": None}],
        [{"answer": {"statusCode": 200, "body": "%", "isBase64Encoded": True}}],
        [{"answer_large": 6 * 1024 * 1024}],
    ],
    ids=["no-delimiter", "not-json", "too-long", "no-status", "header-injection", "not-base64", "too-large"],
)
def test_a_response_that_is_none_is_a_502_and_the_function_goes_on(
    host: Host, steps: list[dict[str, Any]]
) -> None:
    host.ready()
    pids = host.function_url.pids
    assert_502(host.get(*steps))
    assert host.get({"answer": "well"}).json() == "well"
    assert host.function_url.pids == pids


@pytest.mark.parametrize("end", [{"kill": None}, {"exit": 3}], ids=["SIGKILL", "exit"])
def test_a_crash_before_any_byte_is_a_502_and_a_new_process_starts(host: Host, end: dict[str, Any]) -> None:
    host.ready()
    (first,) = host.function_url.pids
    assert_502(host.get(end))
    assert host.get({"describe": None}).json()["pid"] != first
    assert any(f"process {first} ended" in report for report in host.reports)


def test_a_crash_in_the_middle_breaks_that_response_and_no_other_request_is_lost(host: Host) -> None:
    running, gate = host.pipe(), host.pipe()
    crashing = host.send({"prelude": SSE}, {"send": "one"}, {"wait": str(gate)}, {"kill": None})
    beside = host.send({"prelude": SSE}, {"tell": str(running)}, {"hang": None})
    running.read_bytes()
    queued = [host.send({"answer": number}) for number in range(3)]
    response = crashing.getresponse()
    assert read_piece(response) == b"one"
    release(gate)
    assert read_rest(response) == (b"", True)
    assert Answer(beside).broken
    assert [Answer(connection).json() for connection in queued] == [0, 1, 2]


def test_a_process_that_is_killed_while_idle_is_replaced(host: Host) -> None:
    host.ready()
    (first,) = host.function_url.pids
    os.kill(first, signal.SIGKILL)
    wait_for_end(first)
    assert host.get({"describe": None}).json()["pid"] != first


def test_at_the_deadline_a_silent_invocation_is_a_502_and_a_begun_one_breaks(tmp_path: Path) -> None:
    with hosting(tmp_path, function=scripted_function(tmp_path, timeout_s=0.5)) as host:
        silent, begun = (
            host.send({"hang": None}),
            host.send({"prelude": SSE}, {"send": "one"}, {"hang": None}),
        )
        answer = Answer(begun)
        assert (answer.body, answer.broken) == (b"one", True)
        assert_502(Answer(silent))
        assert host.get({"answer": "well"}).json() == "well"
        assert any("Task timed out after 0.50 seconds" in report for report in host.reports)


def test_a_process_with_a_timed_out_invocation_ends_its_others_and_gets_no_more(tmp_path: Path) -> None:
    with hosting(tmp_path, function=scripted_function(tmp_path, timeout_s=0.8)) as host:
        worked, gate = host.pipe(), host.pipe()
        late = host.send({"work": 0.4}, {"tell": str(worked)}, {"hang": None})
        first = int(worked.read_bytes())
        other = host.send({"prelude": SSE}, {"wait": str(gate)}, {"send": "whole"}, {"end": None})
        assert_502(Answer(late))
        waiting = host.send({"describe": None})
        assert host.function_url.pids == (first,)
        release(gate)
        assert Answer(other).body == b"whole"
        assert Answer(waiting).json()["pid"] != first
        wait_for_end(first)


def test_a_client_too_slow_for_the_deadline_is_cut_off(tmp_path: Path) -> None:
    with hosting(tmp_path, function=scripted_function(tmp_path, timeout_s=0.3), pollers=3) as host:
        slow = host.send({"prelude": SSE}, {"send_many": 24_000}, {"end": None}).getresponse()
        assert_502(host.get({"hang": None}))
        assert read_rest(slow)[1]


def test_a_direct_invocation_tells_the_error(host: Host) -> None:
    answer = host.invoke({"error": "for the caller"})
    assert (answer.status, answer.headers["x-amz-function-error"]) == (200, "Unhandled")
    assert answer.json() == {"errorType": "Handler.Broke", "errorMessage": "for the caller"}
    answer = host.invoke({"begin": "text/plain"}, {"fail": "in trailers"})
    assert (answer.headers["x-amz-function-error"], answer.json()["errorMessage"]) == (
        "Unhandled",
        "in trailers",
    )
    answer = host.invoke({"kill": None})
    assert answer.json()["errorType"] == "Runtime.ExitError"
    assert answer.json()["errorMessage"].endswith("Runtime exited with error: signal SIGKILL")


def test_a_direct_invocation_that_has_begun_breaks(host: Host) -> None:
    answer = host.invoke({"begin": "text/plain"}, {"send": "one"}, {"fail": "late"})
    assert (answer.status, answer.body, answer.broken) == (200, b"one", True)


@pytest.mark.parametrize(
    ("start", "why"),
    [
        ("error", "coach: init failed: Runtime.ImportModuleError: No module named 'wings' (log: "),
        ("exit", "coach: the runtime ended before its first poll (exit status 1): the runtime has no wings"),
    ],
)
def test_a_function_that_cannot_start_answers_502_and_says_why_once(
    tmp_path: Path, start: str, why: str
) -> None:
    with hosting(tmp_path, function=scripted_function(tmp_path, environment={"START": start})) as host:
        assert_502(host.get())
        assert_502(host.get())
        assert [report[: len(why)] for report in host.reports] == [why]


def test_a_process_that_stays_after_its_init_error_is_ended(tmp_path: Path) -> None:
    function = scripted_function(tmp_path, environment={"START": "error:linger"})
    with hosting(tmp_path, function=function) as host:
        assert_502(host.get())
        assert "init failed: Runtime.ImportModuleError" in host.reports[0]


def test_a_missing_bootstrap_is_named(tmp_path: Path) -> None:
    function = scripted_function(tmp_path)
    (tmp_path / "bootstrap").unlink()
    refusal = pytest.raises(
        FunctionNotReady, match=r"cannot start the runtime: .*No such file or directory: .*/bootstrap"
    )
    with hosting(tmp_path, function=function) as host, refusal:
        host.ready()


def test_a_function_that_starts_again_serves_again(tmp_path: Path) -> None:
    fault = tmp_path / "fault"
    fault.touch()
    function = scripted_function(tmp_path, environment={"START": f"broken:{fault}"})
    with hosting(tmp_path, function=function) as host:
        assert_502(host.get())
        fault.unlink()
        while (answer := host.get({"answer": "well"})).status == 502:
            pass
        assert answer.json() == "well"
        host.ready()


def test_stop_breaks_what_does_not_end_and_leaves_no_process(tmp_path: Path) -> None:
    with hosting(tmp_path, stop_grace_s=0.1) as host:
        pipe = host.pipe()
        running = host.send({"prelude": SSE}, {"tell": str(pipe)}, {"hang": None})
        pid = int(pipe.read_bytes())
        host.call(host.function_url.stop())
        wait_for_end(pid)
        assert host.function_url.pids == ()
        assert Answer(running).broken


def test_a_process_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    function = scripted_function(tmp_path, environment={"START": "stubborn"})
    with hosting(tmp_path, function=function, stop_grace_s=0.1) as host:
        host.ready()
        (pid,) = host.function_url.pids
        host.call(host.function_url.stop())
        wait_for_end(pid)


def test_no_process_outlives_a_host_that_is_killed(tmp_path: Path) -> None:
    script = f"""
import asyncio
from pathlib import Path
from local.function_url import FunctionUrl
from tests.local.function_host import scripted_function

async def main():
    folder = Path({str(tmp_path)!r})
    function = scripted_function(folder, environment={{"START": "stubborn"}})
    url = FunctionUrl(function, log_file=folder / "log", processes=2, pollers=1)
    await url.start()
    await url.ready(timeout_s=20)
    print(*url.pids, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as host:
        assert host.stdout is not None
        pids = [int(word) for word in host.stdout.readline().split()]
        assert len(pids) == 2
        host.kill()
        for pid in pids:
            wait_for_end(pid)
