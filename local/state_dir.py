"""The directory that a stack keeps its state in, and the lock that makes it one stack's own."""

import asyncio
import fcntl
import os
import time
from dataclasses import dataclass
from pathlib import Path

from local.errors import StateDirBusy

LEFTOVER_WAIT_S = 10.0
_POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class StateDir:
    """Paths below one state directory; nothing is made before `prepare`."""

    root: Path

    @property
    def ministack(self) -> Path:
        return self.root / "ministack"

    @property
    def ministack_port(self) -> Path:
        return self.root / "ministack-port"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def lock_file(self) -> Path:
        return self.root / "lock"

    @property
    def signing_key(self) -> Path:
        return self.root / "signing-key.pem"

    @property
    def ticket_keys(self) -> Path:
        return self.root / "ticket-keys"

    @property
    def endpoints(self) -> Path:
        return self.root / "endpoints.json"

    @property
    def env_vars(self) -> Path:
        return self.root / "env-vars.json"

    @property
    def pinecone(self) -> Path:
        return self.root / "pinecone.sqlite"

    @property
    def conversations(self) -> Path:
        return self.root / "conversations.json"

    def prepare(self) -> None:
        """Make the directories, readable by their owner only: they hold a signing key and conversations."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.ministack.mkdir(exist_ok=True)
        self.logs.mkdir(exist_ok=True)


class StateLock:
    """An exclusive lock on a state directory, held by the stack and by what writes its state.

    The descriptor `fd` is handed to MiniStack too: after a killed stack the lock is free only when MiniStack
    has saved its tables, so a new one never reads half of them.
    """

    def __init__(self, state: StateDir) -> None:
        self._state = state
        self.fd = -1

    async def acquire(self) -> None:
        """Take the lock. Raises StateDirBusy: at once when a stack runs, else after the leftover's time."""
        self.fd = os.open(self._state.lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + LEFTOVER_WAIT_S
        while not self._try():
            owner = self._owner()
            if is_alive(owner) or time.monotonic() > deadline:
                self.release()
                raise StateDirBusy(
                    f"a stack already runs on {str(self._state.root)!r} (process {owner}); "
                    "stop it, or choose another directory with --state-dir"
                )
            await asyncio.sleep(_POLL_S)
        os.ftruncate(self.fd, 0)
        os.pwrite(self.fd, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def _try(self) -> bool:
        try:
            fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _owner(self) -> int:
        text = os.pread(self.fd, 32, 0).decode(errors="replace")
        return int(text) if text.isdigit() else 0


def is_alive(pid: int) -> bool:
    """Return whether a process of this id runs; one that ended and was not yet waited for does not."""
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return False
    # proc(5): the state follows the command's name, which stands in parentheses and may hold any character.
    return status.rpartition(")")[2].split()[0] == "Z"
