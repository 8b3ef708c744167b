"""A function's runtime processes, always as many as wished, and one line of invocations before them."""

import asyncio
import os
import secrets
import sys
import time
from collections.abc import Callable
from pathlib import Path

from local.function_config import FunctionConfig
from local.invocations import Failure, Invocation, InvocationQueue, Reply
from local.runtime_slot import RuntimeSlot

INIT_ERROR = "Runtime.InitError"


class FunctionNotReady(Exception):
    """The function's processes do not start; the message says why."""


def print_report(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def root_trace_id(received: str = "") -> str:
    """Return the caller's trace id, or a new one."""
    if received.startswith("Root="):
        return received
    return f"Root=1-{int(time.time()):08x}-{os.urandom(12).hex()}"


class FunctionProcesses:
    """Runs a function's `bootstrap` and hands it invocations over the Runtime API.

    As many invocations run at once as `processes` times `pollers`; others wait in line, `queue_wait_s` long.
    """

    def __init__(
        self,
        function: FunctionConfig,
        *,
        processes: int,
        pollers: int,
        log_file: Path,
        interpreter: str = sys.executable,
        stop_grace_s: float = 5.0,
        queue_wait_s: float = 30.0,
        report: Callable[[str], None] = print_report,
    ) -> None:
        self._function, self._report = function, report
        self._queue = InvocationQueue(wait_s=queue_wait_s)
        self._slots = tuple(
            RuntimeSlot(
                function,
                self._queue,
                pollers=pollers,
                interpreter=interpreter,
                log_file=log_file,
                stop_grace_s=stop_grace_s,
                report=report,
                on_failed_start=self._start_failed,
            )
            for _ in range(processes)
        )
        self._tasks: tuple[asyncio.Task[None], ...] = ()
        self._last_failure = ""

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes that run now."""
        return tuple(slot.pid for slot in self._slots if slot.pid is not None)

    @property
    def is_ready(self) -> bool:
        """Whether a process waits for work or does some."""
        return any(slot.is_ready for slot in self._slots)

    def start(self) -> None:
        """Start the processes; they are still starting when this returns."""
        self._tasks = tuple(asyncio.create_task(slot.run()) for slot in self._slots)

    async def begun(self) -> None:
        """Return once every process is there, or its start has failed."""
        for slot in self._slots:
            await slot.begun.wait()

    async def ready(self, *, timeout_s: float) -> None:
        """Return once every process has polled. Raises FunctionNotReady: one failed, or none in time."""
        try:
            async with asyncio.timeout(timeout_s):
                for slot in self._slots:
                    await slot.settled.wait()
                    if slot.failure:
                        raise FunctionNotReady(slot.failure)
        except TimeoutError:
            why = next((slot.failure for slot in self._slots if slot.failure), "no error reported")
            message = f"{self._function.name}: not every process polled within {timeout_s:g} s ({why})"
            raise FunctionNotReady(message) from None

    async def stop(self) -> None:
        """Take no more invocations, and end the processes: first politely, so that running ones can end."""
        self._queue.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def invoke(self, event: bytes, reply: Reply, *, request_id: str, trace_id: str) -> Failure | None:
        """Run the function on `event`; the reply gets what it answers, or the failure that is returned."""
        parent = f"{trace_id};Parent={secrets.token_hex(8)};Sampled=0"
        invocation = Invocation(request_id, event, parent, reply)
        self._queue.put(invocation)
        failure = await invocation.ended
        if failure is None:
            self._last_failure = ""
            return None
        if failure.error_type != INIT_ERROR:
            self._report(f"{self._function.name}: {request_id} failed: {failure.message}")
        await reply.fail(failure)
        return failure

    def _start_failed(self, why: str) -> None:
        """Say why, once until it works again; nobody waits for a function that cannot start."""
        if why != self._last_failure:
            self._report(why)
        self._last_failure = why
        if not self.is_ready:
            self._queue.fail_waiting(Failure.of(INIT_ERROR, why))
