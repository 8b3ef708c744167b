"""The log of a turn, written beside the stream: the stream never waits for it."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Final

from libs.coach_conversation.errors import StoreUnavailable, TurnCancelled, TurnFailed, TurnLost
from libs.coach_conversation.ports import Ports
from libs.coach_conversation.store import items, log_items, transitions
from libs.coach_conversation.store.table import ConditionFailed, Item
from libs.coach_conversation.store.transitions import Lease
from libs.coach_conversation.types import LIVE_STATUSES
from libs.streaming.events import Chunk, Contextual, TurnEvent

MAX_ENTRY_BYTES: Final = 65_536


class TurnLog:
    """Every `log_tick_s`: put what there is, learn of a cancel or a lost lease, renew the lease.

    What could not be written is tried again, in order, at the next tick. `signal` is called, from
    the log's thread, with what the turn must hear of.
    """

    def __init__(self, lease: Lease, ports: Ports, signal: Callable[[TurnFailed], None]) -> None:
        self._lease, self._ports, self._signal = lease, ports, signal
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._unwritten: list[TurnEvent] = []
        self._written = 0
        self._has_content = False
        self._cancelled = False
        self._lost = False
        self._renewed_s = ports.clock.monotonic_s()
        self._ticking: Future[None] | None = None

    def append(self, event: TurnEvent) -> None:
        with self._lock:
            self._unwritten.append(event)

    def start(self) -> None:
        self._ticking = self._ports.executor.submit(self._tick_until_stopped)

    def _tick_until_stopped(self) -> None:
        while not self._stop.wait(self._ports.limits.log_tick_s):
            self.tick()

    def tick(self) -> None:
        """Write one entry or read the flags; an unavailable store only delays."""
        if self._lost:
            return
        try:
            if not self._write_next() and not self._cancelled:
                self._read_flags()
        except StoreUnavailable:
            return
        except Exception:  # noqa: BLE001 - the ticker must go on, or the lease runs out
            self._ports.journal.unexpected("log")

    def flush(self) -> None:
        """Stop ticking and write all that is left.

        Raises  StoreUnavailable: some of it is not written; TurnLost
        """
        self.close()
        self._cancelled = True
        while not self._lost and self._unwritten:
            self._write_next()
        if self._lost:
            raise TurnLost("another process took this turn over")

    def close(self) -> None:
        self._stop.set()
        if self._ticking is not None:
            self._ticking.result()
            self._ticking = None

    def _write_next(self) -> bool:
        """Write the next entry; False when there was nothing to write."""
        with self._lock:
            events = _one_entry(self._unwritten)
        limits, clock = self._ports.limits, self._ports.clock
        renew = clock.monotonic_s() - self._renewed_s >= limits.lease_renewal_s
        if not events and not renew:
            return False
        now_ms, now_s = clock.now_ms(), clock.monotonic_s()
        content = not self._has_content and any(isinstance(event, Chunk | Contextual) for event in events)
        writes = transitions.log(
            self._lease,
            self._written + 1,
            events,
            now_ms=now_ms,
            lease_until_ms=now_ms + int(limits.lease_s * 1000) if renew else None,
            first_content=content,
            unless_cancelled=not self._cancelled,
        )
        try:
            self._ports.table.commit(writes)
        except ConditionFailed:
            self._find_out_why()
        else:
            self._wrote(len(events), content=content, renewed_s=now_s if renew else None)
        return True

    def _wrote(self, count: int, *, content: bool, renewed_s: float | None) -> None:
        with self._lock:
            del self._unwritten[:count]
        self._written += count
        self._has_content = self._has_content or content
        self._renewed_s = renewed_s if renewed_s is not None else self._renewed_s

    def _find_out_why(self) -> None:
        """A write was refused: by a cancel, by a lost lease, or because an earlier try did arrive.

        What arrived may be less than what was to be written: more was said since.
        """
        record = self._read_flags()
        if record is not None and record["loggedUpTo"] > self._written:
            arrived = record["loggedUpTo"] - self._written
            self._wrote(arrived, content=record["status"] == "streaming", renewed_s=None)

    def _read_flags(self) -> Item | None:
        """Heed the TURN item as it stands; None when the lease is lost."""
        key = items.turn_key(self._lease.conversation, self._lease.turn_id)
        record = self._ports.table.read([key]).get(key)
        if (
            record is None
            or record["attempt"] != self._lease.attempt
            or record["status"] not in LIVE_STATUSES
        ):
            self._lost = True
            self._signal(TurnLost("another process took this turn over"))
            return None
        if record["cancelRequested"] and not self._cancelled:
            self._cancelled = True
            self._signal(TurnCancelled("the answer was stopped"))
        return record


def _one_entry(events: Sequence[TurnEvent]) -> list[TurnEvent]:
    """Return the first events, as many as one entry may hold; always at least one where there is one."""
    chosen: list[TurnEvent] = []
    size = len("[]")
    for event in events:
        size += log_items.logged_bytes(event)
        if chosen and size > MAX_ENTRY_BYTES:
            break
        chosen.append(event)
    return chosen
