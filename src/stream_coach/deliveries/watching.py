"""Watching a turn: one way to run it or join it, for every delivery that streams or collects."""

from collections.abc import Callable, Generator
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

    def __init__(self, written: Generator[bytes], finish: Callable[[], None]) -> None:
        self._written, self._finish = written, finish

    def __iter__(self) -> "Stream":
        return self

    def __next__(self) -> bytes:
        return next(self._written)

    def close(self) -> None:
        self._written.close()
        self._finish()


@dataclass(frozen=True, slots=True)
class Watched:
    """A reader of a turn's events; `finish` waits for the turn's end where this process runs it."""

    wait: Wait
    finish: Callable[[], None]

    def encoded(self, encoder: Encoder, *, keep_alive_s: float) -> "Stream":
        return Stream(encoded(self.wait, encoder, keep_alive_s=keep_alive_s), self.finish)

    def terminal(self, *, until_s: float, ports: Ports) -> Terminal | None:
        """Wait for the turn's end; None when it has not come until then."""
        while (remaining_s := until_s - ports.clock.monotonic_s()) > 0:
            for _, event in self.wait(remaining_s):
                if is_terminal(event):
                    self.finish()
                    return event
        return None


def deadline_of(context: Context, ports: Ports) -> float:
    """Return when this invocation's work must have ended, on the monotonic clock, in seconds."""
    left_s = context.get_remaining_time_in_millis() / 1000
    return ports.clock.monotonic_s() + left_s - ports.limits.deadline_margin_s


def run(admitted: Admitted, context: Context, ports: Ports, *, after: int = 0) -> Watched:
    """Run the turn here and watch it."""
    started = running.start(admitted, ports, deadline_s=deadline_of(context, ports))
    return Watched(started.feed.reader(after=after), started.ended.result)


def join(record: TurnRecord, context: Context, ports: Ports, *, after: int = 0) -> Watched:
    """Watch a turn that exists: run it if it waits for a reader, else read what is stored.

    Whoever has seen something of it never has it run again: what a model says twice differs.
    """
    if after == 0 and not (record.mode == "queued" and record.status == "pending"):
        admitted = claim(record, ports)
        if admitted is not None:
            return run(admitted, context, ports)
    successor = Successor(context, ports) if after == 0 else None
    settle = successor.settle if successor is not None else recovery.settle
    settle(record, ports.clock.now_ms(), ports)
    fresh = recovery.find_turn(record.conversation, record.turn_id, ports) or record
    stored = StoredFeed(fresh, ports, after=after, deadline_s=deadline_of(context, ports), settle=settle)
    return Watched(stored.wait, successor.finish if successor is not None else _nothing)


class Successor:
    """Runs a turn whose owner died before it said anything, for a reader that waits for its first words.

    The reader goes on reading what is stored: what is run here is logged like any turn.
    """

    def __init__(self, context: Context, ports: Ports) -> None:
        self._context, self._ports = context, ports
        self._started: running.Started | None = None

    def settle(self, record: TurnRecord, now_ms: int, ports: Ports) -> bool:
        """Claim the turn, once, or see to it like anyone else; True when something changed."""
        is_mine_to_run = self._started is None and record.status == "processing"
        admitted = claim(record, ports) if is_mine_to_run else None
        if admitted is None:
            return recovery.settle(record, now_ms, ports)
        self._started = running.start(admitted, ports, deadline_s=deadline_of(self._context, ports))
        return True

    def finish(self) -> None:
        if self._started is not None:
            self._started.ended.result()


def _nothing() -> None:
    """Wait for nothing: the turn runs elsewhere."""


def begin_or_join(begun: Admitted | TurnRecord, context: Context, ports: Ports, *, after: int = 0) -> Watched:
    """Watch what admission gave: a turn of our own, or, after event `after`, the one that the key began."""
    if isinstance(begun, Admitted):
        return run(begun, context, ports)
    return join(begun, context, ports, after=after)
