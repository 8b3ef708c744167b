"""The Runtime Interface Emulator as a child. It takes one invocation at a time: two at once crash it."""

import asyncio
import os
import platform
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from local import project
from local.errors import PartFailed
from local.rie.artifact import Launch
from local.runtime_process import die_with_host

INVOCATIONS: Final = "/2015-03-31/functions/function/invocations"
START_S: Final = 10.0
STOP_S: Final = 5.0
_POLL_S: Final = 0.01
_BINARIES: Final = ".tools/sam/lib/python3*/site-packages/samcli/local/rapid"
_ARCHITECTURES: Final = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


def find_emulator(root: Path = project.ROOT, *, machine: str = "") -> Path:
    """Return the emulator's binary for this machine, from the SAM CLI. Raises PartFailed."""
    if not sys.platform.startswith("linux"):
        raise PartFailed("Lambda's emulator is a Linux program; on this system use `make run`")
    named = machine or platform.machine()
    architecture = _ARCHITECTURES.get(named.lower())
    if architecture is None:
        raise PartFailed(f"there is no Lambda emulator for a machine of type {named!r}")
    found = sorted(root.glob(f"{_BINARIES}/aws-lambda-rie-{architecture}"))
    if not found:
        raise PartFailed(f"the SAM CLI with aws-lambda-rie-{architecture} is not installed; run `make rie`")
    return found[-1]


@asynccontextmanager
async def running_emulator(binary: Path, launch: Launch, *, log_file: Path) -> AsyncIterator[str]:
    """Run the emulator until the block ends, and give the address to invoke the function at.

    The function's process starts with the first invocation; what both print goes to `log_file`.

    Raises  PartFailed: it did not start
    """
    front, back = _free_ports()
    with log_file.open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            binary,
            *("--runtime-interface-emulator-address", f"127.0.0.1:{front}"),
            *("--runtime-api-address", f"127.0.0.1:{back}"),
            *launch.command,
            cwd=launch.environment["LAMBDA_TASK_ROOT"],
            env=launch.environment,
            stdin=DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=die_with_host(),
        )
    try:
        await _listening(process, front, log_file)
        yield f"http://127.0.0.1:{front}{INVOCATIONS}"
    finally:
        await _stop(process)


async def _listening(process: Process, port: int, log_file: Path) -> None:
    try:
        async with asyncio.timeout(START_S):
            while not await _accepts(port):
                if process.returncode is not None:
                    raise PartFailed(f"Lambda's emulator did not start; see {log_file}")
                await asyncio.sleep(_POLL_S)
    except TimeoutError as error:
        raise PartFailed(f"Lambda's emulator did not answer in {START_S:.0f} s; see {log_file}") from error


async def _accepts(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def _stop(process: Process) -> None:
    """End the emulator, which kills the function's process; one that is left alone ends by itself."""
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(STOP_S):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def _free_ports() -> tuple[int, int]:
    with socket.socket() as first, socket.socket() as second:
        for probe in (first, second):
            probe.bind(("127.0.0.1", 0))
        return first.getsockname()[1], second.getsockname()[1]
