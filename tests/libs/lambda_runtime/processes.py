"""The runtime as a process of its own."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.libs.lambda_runtime.fake_runtime_api import PATIENCE_S

ROOT = Path(__file__).parents[3]
SOURCE = ROOT / "src"
FUNCTIONS = "tests.libs.lambda_runtime.functions"


class Process:
    """A started runtime, which ends with the test at the latest."""

    def __init__(self, command: list[str], environ: dict[str, str]) -> None:
        self.child = subprocess.Popen(
            command, env=environ, cwd="/", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def read_line(self) -> str:
        """Return the next line of stdout, which comes while the process runs."""
        assert self.child.stdout
        return self.child.stdout.readline()

    def end(self) -> tuple[int, list[dict[str, Any]]]:
        """Return exit code and log, once the process has ended by itself."""
        _, err = self.child.communicate(timeout=PATIENCE_S)
        return self.child.returncode, [json.loads(line) for line in err.splitlines()]


@contextlib.contextmanager
def started(command: list[str], environ: dict[str, str]) -> Iterator[Process]:
    """Start a process and see to its end."""
    # A shell's background job ignores SIGINT, and children inherit that; what is caught they do not.
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        process = Process(command, environ)
    finally:
        signal.signal(signal.SIGINT, inherited)
    try:
        yield process
    finally:
        process.child.kill()
        process.child.communicate()


@contextlib.contextmanager
def module_started(port: int, handler: str, **environ: str) -> Iterator[Process]:
    """Start `python -m libs.lambda_runtime` with a handler of functions.py, or with a full name."""
    name = handler if "." in handler else f"{FUNCTIONS}.{handler}"
    full = {**minimal_environ(port), "_HANDLER": name, **environ}
    with started([sys.executable, "-m", "libs.lambda_runtime"], full) as process:
        yield process


def minimal_environ(port: int) -> dict[str, str]:
    """Return what every process needs."""
    return {
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{SOURCE}:{ROOT}",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
