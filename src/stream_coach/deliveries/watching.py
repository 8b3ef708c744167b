"""Watching a turn: one way to run it or join it, for every delivery that streams or collects."""

from collections.abc import Generator
from concurrent.futures import Future
from dataclasses import dataclass

from libs.coach_conversation import recovery, running
from libs.coach_conversation.admission import Admitted, claim
from libs.coach_conversation.feed import StoredFeed
from libs.coach_conversation.ports import Ports
from libs.coach_conversation.types import TurnRecord
from libs.lambda_runtime import Context
from libs.streaming.encoders.base import Encoder
from libs.streaming.events import Terminal, is_terminal
from libs.streaming.keepalive import Wait, encoded


class Stream:
    """The bytes of a response. Closing it waits for a turn that runs here, whoever stopped listening.

    The next invocation must not begin before: Lambda freezes a process between invocations. An object
    and not a bare generator, because one that was never begun does nothing when it is closed.
    """

    def __init__(self, written: Generator[bytes], ended: Future[None] | None) -> None:
        self._written, self._ended = written, ended

    def __iter__(self) -> Generator[bytes]:
        return self._written

    def close(self) -> None:
        self._written.close()
        if self._ended is not None:
            self._ended.result()


@dataclass(frozen=True, slots=True)
class Watched:
    """A reader of a turn's events; `ended` where this process runs the turn."""

    wait: Wait
    ended: Future[None] | None = None

    def encoded(self, encoder: Encoder, *, keep_alive_s: float) -> "Stream":
        return Stream(encoded(self.wait, encoder, keep_alive_s=keep_alive_s), self.ended)

    def terminal(self, *, until_s: float, ports: Ports) -> Terminal | None:
        """Wait for the turn's end; None when it has not come until then."""
        while (remaining_s := until_s - ports.clock.monotonic_s()) > 0:
            for _, event in self.wait(remaining_s):
                if is_terminal(event):
                    if self.ended is not None:
                        self.ended.result()
                    return event
        return None


def deadline_of(context: Context, ports: Ports) -> float:
    """Return when this invocation's work must have ended, on the monotonic clock, in seconds."""
    left_s = context.get_remaining_time_in_millis() / 1000
    return ports.clock.monotonic_s() + left_s - ports.limits.deadline_margin_s


def run(admitted: Admitted, context: Context, ports: Ports, *, after: int = 0) -> Watched:
    """Run the turn here and watch it."""
    started = running.start(admitted, ports, deadline_s=deadline_of(context, ports))
    return Watched(started.feed.reader(after=after), started.ended)


def join(record: TurnRecord, context: Context, ports: Ports, *, after: int = 0) -> Watched:
    """Watch a turn that exists: run it if nobody does and it may be begun, else read what is stored."""
    claimed = None if record.mode == "queued" and record.status == "pending" else claim(record, ports)
    if claimed is not None:
        return run(claimed, context, ports, after=after)
    recovery.settle(record, ports.clock.now_ms(), ports)
    fresh = recovery.find_turn(record.conversation, record.turn_id, ports) or record
    deadline_s = deadline_of(context, ports)
    return Watched(StoredFeed(fresh, ports, after=after, deadline_s=deadline_s).wait)


def begin_or_join(begun: Admitted | TurnRecord, context: Context, ports: Ports) -> Watched:
    """Watch what admission gave: a turn of our own, or the one that the same key began."""
    if isinstance(begun, Admitted):
        return run(begun, context, ports)
    return join(begun, context, ports)
