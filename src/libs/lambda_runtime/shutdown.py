"""The one order to stop, which any poller and any signal may give."""

import os
import signal
import threading
from types import FrameType

from libs.lambda_runtime.logs import log


class Shutdown:
    """Stops polling; invocations that run are left to end.

    Its file becomes readable with the order and stays so. Pollers wait on that file and on their
    connection at once, so the order reaches idle ones, and cannot slip in between a look and a wait.
    """

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        self._order = threading.Lock()
        self.exit_code = 0

    @property
    def requested(self) -> bool:
        """Whether the order was given."""
        return self._order.locked()

    def fileno(self) -> int:
        """Return the file that becomes readable."""
        return self._reader

    def request(self, reason: str, *, exit_code: int) -> None:
        """Give the order. The first reason counts, and is the one line that is logged."""
        # The lock is only a flag that can be set once: never waited for, so safe in a signal handler.
        if self._order.acquire(blocking=False):
            self.exit_code = exit_code
            os.write(self._writer, b".")
            log("ERROR" if exit_code else "INFO", "polling_stopped", reason=reason)

    def follow_signals(self) -> None:
        """Take SIGTERM, and SIGINT from a terminal, as the order. For the main thread.

        A function that handles one of them by itself keeps doing so.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
                signal.signal(number, self._take_signal)

    def close(self) -> None:
        """Close the file, when no poller is left."""
        os.close(self._reader)
        os.close(self._writer)

    def _take_signal(self, number: int, _: FrameType | None) -> None:
        self.request(signal.Signals(number).name, exit_code=0)
