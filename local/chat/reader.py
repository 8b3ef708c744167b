"""Reads a turn's events in a thread of its own, so that the screen and Ctrl-C never wait for the network."""

import threading
from collections.abc import Generator
from contextlib import closing
from queue import Empty, SimpleQueue
from typing import Final

from local.coach_client import Event
from local.errors import RequestRefused

_END: Final = object()


class EventReader:
    """The events of one turn, taken with a timeout. A reader that is left alone ends with its process."""

    def __init__(self, events: Generator[Event]) -> None:
        self._events = events
        self._arrived: SimpleQueue[object] = SimpleQueue()
        self.ended = False
        threading.Thread(target=self._read, name="turn-reader", daemon=True).start()

    def take(self, timeout_s: float) -> Event | None:
        """Return the next event, None when there was none in time or there are no more.

        Raises  RequestRefused: as reading did
        """
        try:
            arrived = self._arrived.get(timeout=timeout_s)
        except Empty:
            return None
        if arrived is _END:
            self.ended = True
            return None
        if isinstance(arrived, BaseException):
            self.ended = True
            raise arrived
        assert isinstance(arrived, dict)  # noqa: S101 - what `_read` puts
        return arrived

    def _read(self) -> None:
        try:
            with closing(self._events) as events:
                for event in events:
                    self._arrived.put(event)
            self._arrived.put(_END)
        except RequestRefused as error:
            self._arrived.put(error)
        except Exception as error:  # noqa: BLE001 - carried to the thread that takes
            self._arrived.put(RequestRefused("CLIENT", f"the answer cannot be read ({type(error).__name__})"))
