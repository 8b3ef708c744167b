"""A runtime process: the function's `bootstrap` with the environment that Lambda would give it."""

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from local.function_config import FunctionConfig

_PR_SET_PDEATHSIG = 1
_FROM_HOST = ("PATH", "TMPDIR", "LD_LIBRARY_PATH")


def runtime_environment(
    function: FunctionConfig, *, api_port: int, pollers: int, interpreter: str, inherited: Mapping[str, str]
) -> dict[str, str]:
    """Return the environment of a runtime process: the function's own variables, and Lambda's over them.

    Little is inherited, as on AWS: a developer's AWS profile or keys never reach the function by accident.
    """
    stream = f"{datetime.now(UTC):%Y/%m/%d}/[$LATEST]{os.urandom(16).hex()}"
    return {
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        **{name: inherited[name] for name in _FROM_HOST if name in inherited},
        **function.environment,
        "_HANDLER": function.handler,
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        "AWS_LAMBDA_MAX_CONCURRENCY": str(pollers),
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api_port}",
        "LAMBDA_TASK_ROOT": str(function.task_root),
        "STREAM_COACH_PYTHON": interpreter,
    }


class RuntimeProcess:
    """A child in a session of its own, so that Ctrl-C in a terminal reaches the host alone."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.pid = process.pid

    @classmethod
    async def start(
        cls, task_root: Path, *, environment: Mapping[str, str], log_file: Path
    ) -> "RuntimeProcess":
        """Start `bootstrap` with its output appended to `log_file`.

        Raises  OSError: there is no such bootstrap, or it is not executable
        """
        log_file.parent.mkdir(parents=True, exist_ok=True)
        with log_file.open("ab") as log:
            return cls(
                await asyncio.create_subprocess_exec(
                    task_root / "bootstrap",
                    cwd=task_root,
                    env=environment,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    preexec_fn=die_with_host(),
                )
            )

    @property
    def alive(self) -> bool:
        """Whether the process runs right now, asked of the kernel: asyncio learns of an end later."""
        try:
            return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
        except ChildProcessError:
            return False

    async def wait(self) -> int:
        return await self._process.wait()

    async def stop(self, *, grace_s: float) -> str:
        """End the process, by SIGKILL once `grace_s` is over, and return how it ended."""
        if grace_s:
            self._signal(signal.SIGTERM)
            with suppress(TimeoutError):
                async with asyncio.timeout(grace_s):
                    await self.wait()
        self._signal(signal.SIGKILL)
        return describe_exit(await self.wait())

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)


def describe_exit(return_code: int) -> str:
    if return_code >= 0:
        return f"exit status {return_code}"
    return f"signal {signal.Signals(-return_code).name}"


def die_with_host() -> Callable[[], None] | None:
    """Return what makes a new child die with the thread that starts it, however that ends; Linux only.

    Elsewhere a runtime ends by itself when its next poll finds no host.
    """
    if not sys.platform.startswith("linux"):
        return None
    libc, host = ctypes.CDLL(None), os.getpid()

    def bind() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != host:  # the host ended before prctl: no signal will come
            os._exit(1)

    return bind
