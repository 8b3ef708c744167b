"""The Function URL with the project's own runtime, started from `src/bootstrap`."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from local.function_url import FunctionConfig
from tests.local.function_host import DIRECT, Answer, Host, hosting, read_piece, release, wait_for_end

HANDLER = """
import os
from pathlib import Path
from libs.lambda_runtime.response import StreamingResponse

def handler(event, context):
    path = event.get("rawPath")
    if path in (None, "/fail"):
        raise ValueError("told to")
    if path == "/json":
        return {"left_ms": context.get_remaining_time_in_millis()}
    return StreamingResponse(body=body(event), status=201, headers={"x-a": "b"}, cookies=["c=d"])

def body(event):
    yield "one "
    if event["rawPath"] == "/break":
        raise ValueError("told to")
    if event["rawPath"] == "/wait":
        Path(os.environ["PIPE"]).read_bytes()
    yield event["rawPath"]
"""


@pytest.fixture
def host(tmp_path: Path) -> Any:
    (tmp_path / "talk.py").write_text(HANDLER)
    function = FunctionConfig(
        name="talk",
        handler="talk.handler",
        timeout_s=30,
        memory_mb=512,
        task_root=Path(__file__).parents[2] / "src",
        environment={"PYTHONPATH": str(tmp_path), "PIPE": str(tmp_path / "pipe-1")},
        cors=None,
    )
    with hosting(tmp_path, function=function, pollers=4) as host:
        yield host


def test_it_streams_breaks_and_fails(host: Host) -> None:
    answer = host.get(path="/a%20b")
    assert (answer.status, answer.headers["x-a"], answer.headers["set-cookie"]) == (201, "b", "c=d")
    assert answer.body == b"one /a%20b"
    answer = host.get(path="/break")
    assert (answer.body, answer.broken) == (b"one ", True)
    assert host.get(path="/fail").status == 502
    assert 25_000 < host.get(path="/json").json()["left_ms"] <= 30_000


def test_it_fails_directly(host: Host) -> None:
    answer = Answer(host.send(method="POST", path=DIRECT, body=json.dumps({"fail": True}).encode()))
    assert answer.headers["x-amz-function-error"] == "Unhandled"
    assert answer.json()["errorType"] == "ValueError"


def test_a_turn_that_runs_when_the_host_stops_is_written_to_its_end(host: Host) -> None:
    pipe = host.pipe()
    response = host.send(path="/wait").getresponse()
    assert read_piece(response) == b"one "
    (pid,) = host.function_url.pids
    stopping = host.submit(host.function_url.stop())
    while host.function_url.pids:
        host.call(asyncio.sleep(0))
    release(pipe)
    assert response.read() == b"/wait"
    stopping.result()
    wait_for_end(pid)
