"""Executors: at once in the caller's thread, or each piece of work on a thread of its own."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from libs.coach_conversation.ports import Executor

PATIENCE_S = 10.0


def _settle[T](work: Callable[[], T], future: Future[T]) -> None:
    try:
        result = work()
    except BaseException as error:  # noqa: BLE001 - a future carries whatever it was
        future.set_exception(error)
    else:
        future.set_result(result)


class InlineExecutor(Executor):
    """Has done the work when `submit` returns."""

    def submit[T](self, work: Callable[[], T], /) -> Future[T]:
        future: Future[T] = Future()
        _settle(work, future)
        return future


class ThreadExecutor(Executor):
    """Never makes work wait for a thread; `futures` are those of all work, in order."""

    def __init__(self) -> None:
        self._threads: list[threading.Thread] = []
        self.futures: list[Future[Any]] = []

    def submit[T](self, work: Callable[[], T], /) -> Future[T]:
        future: Future[T] = Future()
        thread = threading.Thread(target=_settle, args=(work, future))
        self._threads.append(thread)
        self.futures.append(future)
        thread.start()
        return future

    def join(self) -> None:
        """Wait for all threads, which must end."""
        for thread in self._threads:
            thread.join(PATIENCE_S)
            assert not thread.is_alive(), "work is still going on"


class HeldExecutor(Executor):
    """Keeps the work until it is told to `run` it."""

    def __init__(self) -> None:
        self._held: list[Callable[[], None]] = []

    def submit[T](self, work: Callable[[], T], /) -> Future[T]:
        future: Future[T] = Future()
        self._held.append(lambda: _settle(work, future) if future.set_running_or_notify_cancel() else None)
        return future

    def run(self) -> None:
        """Do what was held back so far, in order."""
        held, self._held = self._held, []
        for work in held:
            work()
