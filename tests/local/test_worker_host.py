"""The worker on this machine, with the project's own runtime and MiniStack's queues."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.local.function_host import release, wait_for_end
from tests.local.worker_bench import Bench, working
from tests.stack.client import eventually

pytestmark = pytest.mark.stack

ID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


@pytest.fixture
def bench(tmp_path: Path, ministack: str) -> Any:
    with working(tmp_path, ministack) as bench:
        yield bench


def _emptied(bench: Bench) -> bool:
    return eventually(lambda: bench.left() == 0)


def _let_go(bodies: list[str]) -> None:
    for body in bodies:
        release(Path(body.removeprefix("wait ")))


def test_a_message_comes_as_lambda_delivers_it_and_is_gone_when_it_is_done(bench: Bench) -> None:
    bench.send("hello")
    [event] = bench.events(1)
    [record] = event["Records"]
    attributes = record.pop("attributes")
    assert re.fullmatch(ID, record.pop("messageId"))
    assert record.pop("receiptHandle")
    assert record == {
        "body": "hello",
        "messageAttributes": {},
        "md5OfBody": "5d41402abc4b2a76b9719d911017c592",
        "eventSource": "aws:sqs",
        "eventSourceARN": bench.arn,
        "awsRegion": "us-east-1",
    }
    assert attributes.pop("ApproximateReceiveCount") == "1"
    assert set(attributes) == {"SentTimestamp", "SenderId", "ApproximateFirstReceiveTimestamp"}
    assert _emptied(bench)
    assert bench.reports == []


def test_a_message_that_failed_comes_again(bench: Bench) -> None:
    bench.send("stumble")
    first, second = (event["Records"][0] for event in bench.events(2))
    assert first["messageId"] == second["messageId"]
    assert second["attributes"]["ApproximateReceiveCount"] == "2"
    assert _emptied(bench)
    assert re.fullmatch(rf"worker: message {ID} failed \(delivery 1\); see .*worker\.log", bench.reports[0])


@pytest.mark.parametrize("body", ["fail", "raise"])
def test_what_fails_too_often_ends_in_the_dead_letter_queue(bench: Bench, body: str) -> None:
    bench.send(body)
    dead = eventually(lambda: bench.waiting(bench.dead_letters) or None)
    assert [message["Body"] for message in dead] == [body]
    assert bench.bodies(2) == [body, body]
    assert _emptied(bench)


def test_only_the_failed_messages_of_a_batch_come_again(tmp_path: Path, ministack: str) -> None:
    with working(tmp_path, ministack, "one", "stumble", "two", batch_size=10) as bench:
        assert sorted(bench.bodies(2)) == ["one", "stumble", "stumble", "two"]
        assert _emptied(bench)


def test_a_schedule_invokes_the_function_again_and_again(tmp_path: Path, ministack: str) -> None:
    with working(tmp_path, ministack, sweep_every_s=0.1) as bench:
        first, second = bench.events(2)[:2]
    assert re.fullmatch(ID, first.pop("id"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", first.pop("time"))
    assert first == {
        "version": "0",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "000000000000",
        "region": "us-east-1",
        "resources": ["arn:aws:events:us-east-1:000000000000:rule/workerSweep"],
        "detail": {},
    }
    assert second["detail-type"] == "Scheduled Event"


def test_messages_are_worked_on_side_by_side_and_a_sweep_waits_for_none(
    tmp_path: Path, ministack: str
) -> None:
    with working(tmp_path, ministack, sweep_every_s=0.5) as bench:
        bench.send(*(f"wait {bench.pipe()}" for _ in range(6)))

        def is_full() -> bool:
            return len(bench.bodies(1)) == 4 and "Records" not in bench.events(1)[-1]

        assert eventually(is_full)
        running = bench.bodies(1)
        _let_go(running)
        assert eventually(lambda: len(bench.bodies(1)) == 6)
        _let_go(bench.bodies(1)[len(running) :])
        assert _emptied(bench)


def test_stop_takes_no_more_and_lets_what_runs_come_to_its_end(bench: Bench) -> None:
    pipe = bench.pipe()
    bench.send(f"wait {pipe}")
    bench.events(1)
    (pid,) = bench.host.pids
    stopping = bench.submit(bench.host.stop())
    eventually(lambda: not bench.host.pids)
    bench.send("later")
    release(pipe)
    stopping.result()
    wait_for_end(pid)
    assert [message["Body"] for message in bench.waiting(bench.queue)] == ["later"]
    assert bench.left() == 1


def test_what_does_not_end_in_time_waits_in_the_queue_for_the_next_start(
    tmp_path: Path, ministack: str
) -> None:
    with working(tmp_path, ministack, stop_grace_s=0.2) as bench:
        body = f"wait {bench.pipe()}"
        bench.send(body)
        bench.events(1)
        bench.call(bench.host.stop())
        [message] = bench.waiting(bench.queue)
        assert message["Body"] == body
        assert message["Attributes"]["ApproximateReceiveCount"] == "2"


def test_a_function_that_does_not_start_gets_no_messages(tmp_path: Path, ministack: str) -> None:
    with working(tmp_path, ministack, "kept", handler="missing.handler", sweep_every_s=0.1) as bench:
        [report] = eventually(lambda: bench.reports or None)
        assert "Runtime.ImportModuleError" in report
    [message] = bench.waiting(bench.queue)
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
