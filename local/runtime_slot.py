"""A place for one runtime process, in which there is always one."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

from local.function_config import FunctionConfig
from local.invocations import InvocationQueue
from local.runtime_api import RuntimeApi
from local.runtime_process import RuntimeProcess, runtime_environment

MAX_BACKOFF_S = 5.0


class RuntimeSlot:
    """Starts a process, replaces it when it ends, and waits longer when it ends again without any work.

    `begun` is set once the first process is there, `settled` once it has polled; both also when a start
    has failed: then `failure` says why.
    """

    def __init__(
        self,
        function: FunctionConfig,
        queue: InvocationQueue,
        *,
        pollers: int,
        interpreter: str,
        log_file: Path,
        stop_grace_s: float,
        report: Callable[[str], None],
        on_failed_start: Callable[[str], None],
    ) -> None:
        self._function, self._queue, self._log_file = function, queue, log_file
        self._pollers, self._interpreter, self._stop_grace_s = pollers, interpreter, stop_grace_s
        self._report, self._on_failed_start = report, on_failed_start
        self.pid: int | None = None
        self.begun, self.settled = asyncio.Event(), asyncio.Event()
        self.failure = ""

    @property
    def is_ready(self) -> bool:
        return self.settled.is_set() and not self.failure

    async def run(self) -> None:
        """Keep a process in the slot until cancelled; then end it within the grace period."""
        idle_ends = 0
        while True:
            await asyncio.sleep(backoff_s(idle_ends))
            idle_ends = 0 if await self._run_once() else idle_ends + 1

    async def _run_once(self) -> bool:
        """Run one process to its end; True when it was given work."""
        self.settled.clear()
        self.failure = ""
        api = RuntimeApi(self._function, self._queue)
        log_start = self._log_file.stat().st_size if self._log_file.exists() else 0
        try:
            process = await self._start(await api.start())
        except OSError as error:
            self._failed(f"cannot start the runtime: {error}")
            return False
        else:
            cause = await self._follow(process, api)
        finally:
            api.close()
        if not api.polled.is_set():
            self._failed(self._why(api, cause, log_start))
        elif not api.spent.is_set():
            self._report(f"{self._function.name}: process {process.pid} ended ({cause}), starting another")
        return api.served > 0

    async def _follow(self, process: RuntimeProcess, api: RuntimeApi) -> str:
        """Stay until the process has ended or must be replaced, see that it ends, and return how."""
        api.is_process_alive = lambda: process.alive
        self.pid, grace_s, cause = process.pid, self._stop_grace_s, ""
        self.begun.set()
        try:
            await self._watch(process, api)
            grace_s = 0.0
        finally:
            self.pid = None
            cause = await process.stop(grace_s=grace_s)
            api.fail_unanswered(cause)
        return cause

    async def _start(self, port: int) -> RuntimeProcess:
        environment = runtime_environment(
            self._function,
            api_port=port,
            pollers=self._pollers,
            interpreter=self._interpreter,
            inherited=os.environ,
        )
        return await RuntimeProcess.start(
            self._function.task_root, environment=environment, log_file=self._log_file
        )

    async def _watch(self, process: RuntimeProcess, api: RuntimeApi) -> None:
        """Return when the process has ended or must be replaced."""
        async with asyncio.TaskGroup() as group:
            exited = group.create_task(process.wait())
            polled = group.create_task(api.polled.wait())
            spent = group.create_task(api.spent.wait())
            await asyncio.wait((exited, polled, spent), return_when=asyncio.FIRST_COMPLETED)
            if polled.done():
                self.settled.set()
            await asyncio.wait((exited, spent), return_when=asyncio.FIRST_COMPLETED)
            for task in (exited, polled, spent):
                task.cancel()

    def _why(self, api: RuntimeApi, cause: str, log_start: int) -> str:
        if api.init_failure is not None:
            return f"init failed: {api.init_failure.message}"
        with self._log_file.open("rb") as log:
            log.seek(log_start)
            lines = log.read().decode(errors="replace").strip().splitlines()
        said = f": {lines[-1].strip()}" if lines else ""
        return f"the runtime ended before its first poll ({cause}){said}"

    def _failed(self, why: str) -> None:
        self.failure = f"{self._function.name}: {why} (log: {self._log_file})"
        self.begun.set()
        self.settled.set()
        self._on_failed_start(self.failure)


def backoff_s(idle_ends: int) -> float:
    """Return how long to wait before a process is started that follows `idle_ends` without work."""
    return 0.0 if idle_ends < 2 else min(0.1 * 2 ** (idle_ends - 1), MAX_BACKOFF_S)
