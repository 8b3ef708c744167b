"""The one place where a turn waits: for deltas, for work beside it, for signals, for the deadline."""

from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any, Final

from libs.coach_conversation.errors import DeadlineReached, TurnFailed
from libs.coach_conversation.ports import Clock

SILENCE: Final = object()
"""What `take` returns when nothing came in time."""


class Inbox:
    """What happens to a turn, in the order in which it happened.

    Any thread puts; the turn takes. A TurnFailed that was put (cancelled, lost) is raised from
    whatever wait the turn is in.
    """

    def __init__(self, clock: Clock, deadline_s: float) -> None:
        self._clock = clock
        self._deadline_s = deadline_s
        self._arrived: SimpleQueue[Any] = SimpleQueue()
        self.put = self._arrived.put

    def take(self, timeout_s: float) -> Any:
        """Return what came next, or SILENCE after `timeout_s`.

        Raises  DeadlineReached; whatever TurnFailed was put
        """
        remaining_s = self._deadline_s - self._clock.monotonic_s()
        if remaining_s <= 0:
            raise DeadlineReached("the time for this answer is over; ask again to continue")
        try:
            arrived = self._arrived.get(timeout=min(timeout_s, remaining_s))
        except Empty:
            if remaining_s <= timeout_s:
                raise DeadlineReached("the time for this answer is over; ask again to continue") from None
            return SILENCE
        if isinstance(arrived, TurnFailed):
            raise arrived
        return arrived

    def pause(self, seconds: float) -> None:
        """Wait for nothing but signals. Raises as `take`."""
        until_s = self._clock.monotonic_s() + seconds
        while (remaining_s := until_s - self._clock.monotonic_s()) > 0:
            self.take(remaining_s)

    def wait(self, future: Future[Any], timeout_s: float) -> bool:
        """Wait until the future is done; False when it is not within `timeout_s`. Raises as `take`.

        Nothing else may be under way whose values matter: they would be lost.
        """
        future.add_done_callback(self.put)
        until_s = self._clock.monotonic_s() + timeout_s
        while (remaining_s := until_s - self._clock.monotonic_s()) > 0:
            if self.take(remaining_s) is future:
                return True
        return future.done()
