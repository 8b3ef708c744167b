"""The executor port on threads, and the clock port on the machine's clocks."""

import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from libs.coach_conversation.ports import Clock, Executor
from libs.coach_conversation.store.ids import next_ulid


class Threads(Executor):
    """Runs each piece of work on a thread at once; threads that are done are used again."""

    def __init__(self, max_threads: int) -> None:
        self._pool = ThreadPoolExecutor(max_threads, thread_name_prefix="turn")

    def submit[T](self, work: Callable[[], T], /) -> Future[T]:
        return self._pool.submit(work)


class SystemClock(Clock):
    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic_s(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class MonotonicUlids:
    """Draws ULIDs that only go up within this process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._last = ""

    def __call__(self, after: str) -> str:
        with self._lock:
            self._last = next_ulid(
                now_ms=self._clock.now_ms(), random_80=secrets.randbits(80), after=max(after, self._last)
            )
            return self._last
