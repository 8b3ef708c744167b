"""A worker for tests: its function writes down what it is given, and does what a message's body says."""

import asyncio
import json
import os
import uuid
from collections.abc import Coroutine, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from local import project
from local.aws_session import emulated_config, emulated_session
from local.event_sources import QueueSource
from local.function_config import FunctionConfig
from local.resource_names import queue_arn, queue_url, resource_name
from local.work_queue import WorkQueue
from local.worker_host import WorkerHost
from tests.local.function_host import WAIT_S, running_loop
from tests.stack.client import eventually

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

REGION = "us-east-1"
MAX_RECEIVE_COUNT = 2
HANDLER = """
import json, os
from pathlib import Path

def handler(event, context):
    with Path(os.environ["SEEN"]).open("a") as seen:
        seen.write(json.dumps(event) + "\\n")
    return {"batchItemFailures": [failure for one in event.get("Records", ()) for failure in work(one)]}

def work(record):
    word, _, rest = record["body"].partition(" ")
    if word == "raise":
        raise ValueError("told to")
    if word == "wait":
        Path(rest).read_bytes()
    if word == "fail" or word == "stumble" and record["attributes"]["ApproximateReceiveCount"] == "1":
        yield {"itemIdentifier": record["messageId"]}
"""


class Bench:
    """A worker over queues of its own in a MiniStack."""

    def __init__(self, folder: Path, aws_url: str, loop: asyncio.AbstractEventLoop) -> None:
        self._folder, self._aws_url, self._loop = folder, aws_url, loop
        self._name = f"work-{uuid.uuid4().hex[:8]}"
        self._sqs: SQSClient = emulated_session(REGION).client(
            "sqs", endpoint_url=aws_url, config=emulated_config()
        )
        self.reports: list[str] = []
        dead = self._name + "-dead"
        self._make_queue(dead)
        policy = {"deadLetterTargetArn": queue_arn(REGION, dead), "maxReceiveCount": MAX_RECEIVE_COUNT}
        self.queue = self._make_queue(self._name, VisibilityTimeout="1800", RedrivePolicy=json.dumps(policy))
        self.dead_letters = queue_url(aws_url, dead)
        self.arn = queue_arn(REGION, self._name)
        (folder / "work.py").write_text(HANDLER)

    def _make_queue(self, name: str, **attributes: str) -> str:
        made = self._sqs.create_queue(QueueName=resource_name(name), Attributes=cast("Any", attributes))
        return made["QueueUrl"]

    def make(self, *, handler: str = "work.handler", batch_size: int = 1, **options: Any) -> None:
        function = FunctionConfig(
            name="worker",
            handler=handler,
            timeout_s=30,
            memory_mb=512,
            task_root=project.SOURCE,
            environment={"PYTHONPATH": str(self._folder), "SEEN": str(self._folder / "seen")},
            cors=None,
        )
        messages = WorkQueue(self.queue, aws_url=self._aws_url, region=REGION)
        source = QueueSource(self._name, batch_size=batch_size, reports_failures=True)
        defaults: dict[str, Any] = {"region": REGION, "sweep_every_s": 3600.0, "retry_s": 0}

        async def made() -> WorkerHost:
            return WorkerHost(
                function,
                messages,
                source,
                log_file=self._folder / "worker.log",
                report=self.reports.append,
                **defaults | options,
            )

        self.host = self.call(made())

    def call[T](self, step: Coroutine[Any, Any, T]) -> T:
        return self.submit(step).result(WAIT_S)

    def submit[T](self, step: Coroutine[Any, Any, T]) -> Future[T]:
        return asyncio.run_coroutine_threadsafe(step, self._loop)

    def send(self, *bodies: str) -> None:
        for body in bodies:
            self._sqs.send_message(QueueUrl=self.queue, MessageBody=body)

    def pipe(self) -> Path:
        """Return a new named pipe: a message `wait <pipe>` is worked on until its other end is opened."""
        path = self._folder / f"pipe-{uuid.uuid4().hex[:8]}"
        os.mkfifo(path)
        return path

    def events(self, count: int) -> list[dict[str, Any]]:
        """Return what the function was given, once there is so much of it."""

        def read() -> list[dict[str, Any]] | None:
            seen = self._folder / "seen"
            lines = seen.read_text().splitlines() if seen.exists() else []
            return [json.loads(line) for line in lines] if len(lines) >= count else None

        return eventually(read)

    def bodies(self, count: int) -> list[str]:
        """Return the bodies of the messages that the function was given, batch after batch."""
        return [record["body"] for event in self.events(count) for record in event.get("Records", ())]

    def waiting(self, queue: str) -> list[Mapping[str, Any]]:
        """Take what waits in a queue, and return it."""
        answer = self._sqs.receive_message(
            QueueUrl=queue, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"]
        )
        return [cast("Mapping[str, Any]", message) for message in answer.get("Messages", [])]

    def left(self) -> int:
        """Return how many messages the queue holds, those that are being worked on included."""
        answer = self._sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["All"])
        found = answer["Attributes"]
        return sum(
            int(found[name])
            for name in ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        )


@contextmanager
def working(folder: Path, aws_url: str, *sent: str, **options: Any) -> Iterator[Bench]:
    """Run a worker until the block ends; what is `sent` is in its queue before it starts."""
    with running_loop() as loop:
        bench = Bench(folder, aws_url, loop)
        bench.send(*sent)
        bench.make(**options)
        try:
            bench.call(bench.host.start())
            yield bench
        finally:
            bench.call(bench.host.stop())
