"""The worker function on this machine: fed by a queue and by a clock, as AWS feeds it."""

import asyncio
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from local.errors import QueueUnavailable
from local.event_sources import QueueSource, failed_ids, scheduled_event, sqs_event
from local.function_config import FunctionConfig
from local.function_processes import FunctionProcesses, print_report, root_trace_id
from local.ministack import ACCOUNT
from local.replies import CollectedReply
from local.resource_names import queue_arn

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

BATCHES_AT_ONCE: Final = 4
POLL_S: Final = 0.2
RETRY_S: Final = 1


class Messages(Protocol):
    """A queue's messages. Raises  QueueUnavailable."""

    async def receive(self, limit: int) -> Sequence["MessageTypeDef"]: ...

    async def delete(self, receipt_handle: str) -> None: ...

    async def release(self, receipt_handle: str, *, after_s: int) -> None: ...


class WorkerHost:
    """Runs a function on the batches of a queue and on each tick of a schedule.

    A message that was not done comes again soon, not only when its visibility ends as on AWS; the queue
    itself sends what fails too often to its dead-letter queue.

    Units   `sweep_every_s` between the ticks; `retry_s` until a failed message comes again
    """

    def __init__(
        self,
        function: FunctionConfig,
        messages: Messages,
        source: QueueSource,
        *,
        region: str,
        sweep_every_s: float,
        log_file: Path,
        stop_grace_s: float = 5.0,
        retry_s: int = RETRY_S,
        report: Callable[[str], None] = print_report,
    ) -> None:
        self._name, self._messages, self._source, self._region = function.name, messages, source, region
        self._sweep_every_s, self._retry_s, self._report = sweep_every_s, retry_s, report
        self._log_file = log_file
        self._processes = FunctionProcesses(
            function,
            processes=1,
            # One more than the batches take, so that a sweep never waits for turns.
            pollers=BATCHES_AT_ONCE + 1,
            log_file=log_file,
            stop_grace_s=stop_grace_s,
            report=report,
        )
        self._stopping = asyncio.Event()
        self._taking: asyncio.Task[None] | None = None
        self._sweeping: asyncio.Task[None] | None = None
        self._batches: set[asyncio.Task[None]] = set()

    @property
    def pids(self) -> tuple[int, ...]:
        """The runtime processes that run now."""
        return self._processes.pids

    async def start(self) -> None:
        """Return when the process is there; messages are taken once it is ready for them."""
        self._processes.start()
        await self._processes.begun()
        self._taking = asyncio.create_task(self._take())
        self._sweeping = asyncio.create_task(self._sweep())

    async def stop(self) -> None:
        """Take no more messages, let what runs come to its end, and give back what did not."""
        self._stopping.set()
        if self._taking is not None:
            await self._taking
        await self._processes.stop()
        if self._sweeping is not None:
            await self._sweeping
        await asyncio.gather(*self._batches)

    async def _take(self) -> None:
        while not self._stopping.is_set():
            if not await self._begin_batch():
                await self._stopped_within(POLL_S)

    async def _begin_batch(self) -> bool:
        """Take a batch if the function can work on one; False when there is nothing to do now."""
        if not self._processes.is_ready or len(self._batches) >= BATCHES_AT_ONCE:
            return False
        try:
            batch = await self._messages.receive(self._source.batch_size)
        except QueueUnavailable:
            return False
        if not batch:
            return False
        task = asyncio.create_task(self._work(batch))
        self._batches.add(task)
        task.add_done_callback(self._batches.discard)
        return True

    async def _work(self, batch: Sequence["MessageTypeDef"]) -> None:
        arn = queue_arn(self._region, self._source.queue)
        failed = self._failed(await self._invoke(sqs_event(batch, arn=arn)), batch)
        for message in batch:
            try:
                await self._settle(message, done=message["MessageId"] not in failed)
            except QueueUnavailable as error:
                self._report(f"{self._name}: message {message['MessageId']} is not settled: {error}")

    def _failed(self, answer: bytes | None, batch: Sequence["MessageTypeDef"]) -> list[str]:
        ids = [message["MessageId"] for message in batch]
        if answer is None:
            return ids
        return failed_ids(answer, ids) if self._source.reports_failures else []

    async def _settle(self, message: "MessageTypeDef", *, done: bool) -> None:
        handle = message["ReceiptHandle"]
        if done:
            await self._messages.delete(handle)
            return
        if self._stopping.is_set():
            await self._messages.release(handle, after_s=0)
            return
        await self._messages.release(handle, after_s=self._retry_s)
        count = message.get("Attributes", {}).get("ApproximateReceiveCount", "?")
        self._report(
            f"{self._name}: message {message['MessageId']} failed (delivery {count}); see {self._log_file}"
        )

    async def _sweep(self) -> None:
        while not await self._stopped_within(self._sweep_every_s):
            if self._processes.is_ready:
                rule, now = f"{self._name}Sweep", datetime.now(UTC)
                await self._invoke(scheduled_event(rule=rule, region=self._region, account=ACCOUNT, now=now))

    async def _invoke(self, event: Mapping[str, Any]) -> bytes | None:
        """Return what the function answers, None when it failed."""
        reply = CollectedReply()
        failure = await self._processes.invoke(
            json.dumps(event).encode(), reply, request_id=str(uuid.uuid4()), trace_id=root_trace_id()
        )
        return reply.payload if failure is None else None

    async def _stopped_within(self, delay_s: float) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(delay_s):
                await self._stopping.wait()
        return self._stopping.is_set()
