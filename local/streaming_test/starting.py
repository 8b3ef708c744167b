"""Starting and ending the keeper from another process."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from local import project
from local.errors import NotRunning, PartFailed
from local.state_dir import StateDir, is_alive
from local.streaming_test.keeper import Running, load_running, running_file
from local.streaming_test.records import answers_dir

START_S: Final = 90.0
STOP_S: Final = 40.0
_POLL_S: Final = 0.02


def start(artifact: Path, state: StateDir, *, bound: bool) -> Running:
    """Start both and return when both answer.

    Shape   `bound`: they end with this process, however that ends; else they stay until `stop`
    Raises  PartFailed: they did not start; the message holds why
    """
    stop(state)
    state.prepare()
    shutil.rmtree(answers_dir(state), ignore_errors=True)
    output = state.logs / "keeper.log"
    options = ["--artifact", str(artifact), "--state-dir", str(state.root)]
    with output.open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "local.streaming_test", "keep", *options, *(["--bound"] if bound else [])],
            cwd=project.ROOT,
            stdin=subprocess.PIPE if bound else subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            # Ctrl-C reaches this process alone, which ends the keeper in order.
            start_new_session=True,
        )
    try:
        return _wait(process, state, output)
    except BaseException:
        _end(process.pid)
        process.wait()
        raise


def _wait(process: subprocess.Popen[bytes], state: StateDir, output: Path) -> Running:
    deadline_s = time.monotonic() + START_S
    while time.monotonic() < deadline_s:
        if process.poll() is not None:
            raise PartFailed(f"{output.read_text().strip()}{_logs(state)}")
        try:
            running = load_running(state)
        except NotRunning:
            time.sleep(_POLL_S)
            continue
        if running.pid == process.pid:
            return running
    raise PartFailed(f"it did not start in {START_S:.0f} s{_logs(state)}")


def stop(state: StateDir) -> bool:
    """End what runs, if anything does; return whether it did. Raises PartFailed: it does not end."""
    try:
        running = load_running(state)
    except NotRunning:
        running_file(state).unlink(missing_ok=True)
        return False
    _end(running.pid)
    return True


def _end(pid: int) -> None:
    """Ask the keeper to end and wait until it has; it ends what it holds."""
    deadline_s = time.monotonic() + STOP_S
    try:
        os.kill(pid, signal.SIGTERM)
        while is_alive(pid):
            if time.monotonic() > deadline_s:
                os.killpg(pid, signal.SIGKILL)
                raise PartFailed(f"it did not end in {STOP_S:.0f} s and was killed")
            time.sleep(_POLL_S)
    except ProcessLookupError:
        return


def _logs(state: StateDir) -> str:
    return "".join(f"\n  see {log}" for log in sorted(state.logs.glob("*.log")) if log.stat().st_size)
