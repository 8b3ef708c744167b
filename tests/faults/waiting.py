"""What waits, in virtual time: peers of the standard library's queue, event and future, and of the clock.

The core waits in three modules, for a queue, an event and futures. `in_virtual_time` puts these peers
in their place, so that every wait of a turn is one that the scheduler sees.
"""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty
from types import SimpleNamespace

import pytest

from libs.coach_conversation import feed, inbox, log
from libs.coach_conversation.ports import Executor
from tests.faults.scheduler import Killed, Owner, Scheduler, wait


class WaitingQueue[T]:
    """The part of `queue.SimpleQueue` that a turn uses."""

    def __init__(self) -> None:
        self._items: deque[T] = deque()

    def put(self, item: T) -> None:
        self._items.append(item)

    def get(self, timeout: float | None = None) -> T:
        if not wait(lambda: bool(self._items), timeout):
            raise Empty
        return self._items.popleft()

    def get_nowait(self) -> T:
        if not self._items:
            raise Empty
        return self._items.popleft()


class WaitingEvent:
    """The part of `threading.Event` that a turn uses."""

    def __init__(self) -> None:
        self._set = False

    def set(self) -> None:
        self._set = True

    def wait(self, timeout: float | None = None) -> bool:
        return wait(lambda: self._set, timeout)


class WaitingFuture[T](Future[T]):
    """A future whose results are waited for in virtual time."""

    def result(self, timeout: float | None = None) -> T:
        self._wait(timeout)
        return super().result(0)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        self._wait(timeout)
        return super().exception(0)

    def _wait(self, timeout: float | None) -> None:
        if not self.done() and not wait(self.done, timeout):
            raise TimeoutError


class SeededExecutor(Executor):
    """Runs each piece of work as a task of one process: in which order, the scheduler's seed says."""

    def __init__(self, scheduler: Scheduler, owner: Owner) -> None:
        self._scheduler, self._owner = scheduler, owner

    def submit[T](self, work: Callable[[], T], /) -> Future[T]:
        future: WaitingFuture[T] = WaitingFuture()

        def settle() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = work()
            except Killed as killed:
                future.set_exception(killed)
                raise
            except BaseException as error:  # noqa: BLE001 - a future carries whatever it was
                future.set_exception(error)
            else:
                future.set_result(result)

        self._scheduler.spawn(settle, self._owner)
        return future


def in_virtual_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every wait of a turn be one of the scheduler's."""
    monkeypatch.setattr(inbox, "SimpleQueue", WaitingQueue)
    monkeypatch.setattr(feed, "SimpleQueue", WaitingQueue)
    monkeypatch.setattr(log, "threading", SimpleNamespace(Event=WaitingEvent, Lock=threading.Lock))
