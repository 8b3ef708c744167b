"""Clocks that a test moves."""

import threading
import time

from libs.coach_conversation.ports import Clock
from libs.coach_conversation.store.ids import next_ulid

START_MS = 1_795_248_000_000
"""2026-11-21T08:00:00Z"""


class FakeClock(Clock):
    """Stands still but for `advance` and `sleep`; `slept` are the pauses that were taken."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._passed_s = 0.0
        self.slept: list[float] = []

    def now_ms(self) -> int:
        return START_MS + round(self._passed_s * 1000)

    def monotonic_s(self) -> float:
        return 1000.0 + self._passed_s

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        with self._lock:
            self._passed_s += seconds


class RunningClock(FakeClock):
    """Its monotonic time also passes by itself: for waits that end because nothing comes."""

    def monotonic_s(self) -> float:
        return super().monotonic_s() + time.monotonic()


class FakeUlids:
    """Draws ULIDs that count up from the clock's time, so that a test knows them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._last = ""

    def __call__(self, after: str) -> str:
        with self._lock:
            self._last = next_ulid(now_ms=self._clock.now_ms(), random_80=0, after=max(after, self._last))
            return self._last
