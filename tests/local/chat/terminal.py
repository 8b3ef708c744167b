"""A person at a terminal: a program behind a pseudo terminal, what it shows, and keys to press."""

import fcntl
import os
import pty
import re
import select
import struct
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

WAIT_S: Final = 40.0
ROWS, COLUMNS = 40, 100
_CONTROLS: Final = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|\][^\x07]*\x07|[78=>])|\r")


class Terminal:
    """A terminal of 40 by 100; `shown` is all that was written to it, control sequences taken out."""

    def __init__(self, pid: int, fd: int) -> None:
        self._pid, self._fd = pid, fd
        self._written = b""
        self._read_to = 0

    @property
    def raw(self) -> str:
        return self._written.decode(errors="replace")

    @property
    def shown(self) -> str:
        return _CONTROLS.sub("", self.raw)

    def press(self, keys: str) -> None:
        os.write(self._fd, keys.encode())

    def until(self, text: str) -> None:
        """Read on until `text` is shown behind what was waited for before."""
        until_s = time.monotonic() + WAIT_S
        while (found := self.shown.find(text, self._read_to)) < 0:
            assert time.monotonic() < until_s, f"{text!r} was not shown; what was:\n{self.shown[-2000:]}"
            assert self._read(), f"it ended without {text!r}:\n{self.shown[-2000:]}"
        self._read_to = found + len(text)

    def ended(self) -> int:
        """Read to the program's end and return its exit status."""
        until_s = time.monotonic() + WAIT_S
        while self._read():
            assert time.monotonic() < until_s, f"it does not end:\n{self.shown[-2000:]}"
        return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])

    def _read(self) -> bool:
        """Read what there is, waiting a little; False at the end."""
        if not select.select([self._fd], [], [], 0.1)[0]:
            return True
        try:
            data = os.read(self._fd, 65_536)
        except OSError:
            return False
        self._written += data
        return bool(data)


@contextmanager
def at_terminal(command: list[str], environment: dict[str, str]) -> Iterator[Terminal]:
    """Run a program on a new terminal; what still runs at the end is killed."""
    pid, fd = pty.fork()
    if pid == 0:
        terminal = {"TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1"}
        os.execve(command[0], command, {**environment, **terminal})
    try:
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        yield Terminal(pid, fd)
    finally:
        os.close(fd)
        try:
            os.kill(pid, 9)
            os.waitpid(pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass
