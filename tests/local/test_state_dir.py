"""One state directory, one stack: the lock and the paths."""

import asyncio
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from local.errors import StateDirBusy
from local.state_dir import StateDir, StateLock, is_alive


@pytest.fixture
def state(tmp_path: Path) -> StateDir:
    state = StateDir(tmp_path / "state")
    state.prepare()
    return state


def _acquire(lock: StateLock) -> None:
    asyncio.run(lock.acquire())


def test_a_second_lock_is_refused_with_the_holder_named(state: StateDir) -> None:
    first = StateLock(state)
    _acquire(first)
    with pytest.raises(StateDirBusy, match=rf"process {os.getpid()}\); stop it, or choose another"):
        _acquire(StateLock(state))
    first.release()


def test_a_released_lock_is_free(state: StateDir) -> None:
    for _ in range(2):
        lock = StateLock(state)
        _acquire(lock)
        lock.release()


def test_a_dead_holders_leftover_is_waited_for(state: StateDir) -> None:
    """A child that inherited the lock keeps it while it saves; its owner's number is that of the dead."""
    first = StateLock(state)
    _acquire(first)
    leftover = subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE, pass_fds=(first.fd,)
    )
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    state.lock_file.write_text(str(dead.pid))
    first.release()

    async def acquire() -> None:
        waiting = asyncio.create_task(StateLock(state).acquire())
        await asyncio.sleep(0)
        assert not waiting.done()
        leftover.communicate()
        await waiting

    asyncio.run(acquire())


def test_the_directory_is_its_owners_alone(state: StateDir) -> None:
    assert stat.S_IMODE(state.root.stat().st_mode) == 0o700


def test_a_process_that_ended_is_not_alive() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert is_alive(os.getpid())
    assert not is_alive(ended.pid)
    assert not is_alive(0)
