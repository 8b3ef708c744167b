"""A stack as a process of its own, as tests and benchmarks use it."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local import project
from local.endpoints import Endpoints, load_endpoints
from local.errors import NotRunning, PartFailed
from local.state_dir import StateDir

START_S = 60.0
STOP_S = 30.0
_POLL_S = 0.02


@contextmanager
def running_stack(state_dir: Path, *, port: int = 0, options: tuple[str, ...] = ()) -> Iterator[Endpoints]:
    """Run `coach up` on `state_dir` until the block ends, and give its endpoints.

    The child ends with this process, however that ends.

    Shape   `options` are further options of `coach up`, e.g. `("--env", "STREAMING_ENABLED=false")`
    Raises  PartFailed: it did not start, or did not end cleanly; the message holds what it printed
    """
    state = StateDir(state_dir.resolve())
    state.prepare()
    output = state.logs / "up.log"
    command = (sys.executable, "-m", "local.cli", "up", "--quiet", "--stop-on-eof")
    with output.open("w") as log:
        process = subprocess.Popen(
            [*command, "--state-dir", str(state.root), "--port", str(port), *options],
            cwd=project.ROOT,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    with process:
        try:
            yield _wait_until_ready(process, state, output)
        finally:
            status = _stop(process)
    if status != 0:
        raise PartFailed(f"the stack ended with status {status}: {output.read_text()}")


def _wait_until_ready(process: subprocess.Popen[bytes], state: StateDir, output: Path) -> Endpoints:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise PartFailed(f"the stack did not start: {output.read_text()}")
        try:
            endpoints = load_endpoints(state)
        except NotRunning:
            time.sleep(_POLL_S)
            continue
        if endpoints.pid == process.pid:
            return endpoints
    raise PartFailed(f"the stack did not start in {START_S:.0f} s: {output.read_text()}")


def _stop(process: subprocess.Popen[bytes]) -> int:
    """Ask for an ordered end and return the exit status; kill a process that does not end."""
    process.terminate()
    try:
        return process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
