"""The feed of a turn's events: published by whoever runs it, read live or from the store.

A reader is a `wait(timeout_s)` that gives the events that came since it was last asked.
"""

import math
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Final

from libs.coach_conversation import recovery
from libs.coach_conversation.endings import error_event, terminal_event
from libs.coach_conversation.errors import (
    DeadlineReached,
    ModelStreamInterrupted,
    StoreUnavailable,
    TurnNotFound,
)
from libs.coach_conversation.ports import Ports
from libs.coach_conversation.recovery import find_turn
from libs.coach_conversation.types import Ending, Part, TurnRecord
from libs.streaming.events import Chunk, Contextual, Start, TurnEvent, is_terminal
from libs.streaming.keepalive import Numbered, Wait

POLL_S: Final = 0.25
BEHIND_ALL: Final = 99_999_999
"""The number of the end of an interrupted turn, for readers that saw more of it than was kept."""

type Settle = Callable[[TurnRecord, int, Ports], bool]
"""Sees to a turn that may have lost its owner; True when something changed."""


class TurnFeed:
    """The events of a turn that runs in this process, numbered from 1."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._events: list[TurnEvent] = []
        self._readers: list[SimpleQueue[Numbered]] = []

    @property
    def ended(self) -> bool:
        return bool(self._events) and is_terminal(self._events[-1])

    def publish(self, event: TurnEvent) -> None:
        with self._lock:
            self._events.append(event)
            numbered = len(self._events), event
            for reader in self._readers:
                reader.put(numbered)

    def reader(self, *, after: int = 0) -> Wait:
        """Return a reader of all events after number `after`, whenever it joins."""
        queue: SimpleQueue[Numbered] = SimpleQueue()
        with self._lock:
            for numbered in enumerate(self._events[after:], start=after + 1):
                queue.put(numbered)
            self._readers.append(queue)

        def wait(timeout_s: float) -> list[Numbered]:
            events: list[Numbered] = []
            with suppress(Empty):
                events.append(queue.get(timeout=timeout_s))
                while not is_terminal(events[-1][1]):
                    events.append(queue.get_nowait())
            return events

        return wait


class StoredFeed:
    """The events of a turn that runs, or ran, anywhere: its log, then the terminal event rebuilt."""

    def __init__(
        self,
        record: TurnRecord,
        ports: Ports,
        *,
        after: int = 0,
        deadline_s: float = math.inf,
        settle: Settle = recovery.settle,
    ) -> None:
        self._record, self._ports, self._deadline_s, self._settle = record, ports, deadline_s, settle
        self._seen = after
        self._last_key: str | None = None

    def wait(self, timeout_s: float) -> list[Numbered]:
        """Return what the log got since, at once if there is any; polls each 0.25 s.

        At the deadline the view ends with an `error` under the last id seen, so that a client that
        comes back with it misses nothing. While the store is away there is just nothing new.
        """
        clock = self._ports.clock
        until_s = clock.monotonic_s() + timeout_s
        while True:
            events: list[Numbered] = []
            with suppress(StoreUnavailable):
                events = self._new_events()
            now_s = clock.monotonic_s()
            if events or now_s >= until_s:
                return events
            if now_s >= self._deadline_s:
                over = DeadlineReached("this view of the answer has reached its time; connect again")
                return [(self._seen, error_event(over, self._record.turn_id))]
            clock.sleep(POLL_S)

    def _new_events(self) -> list[Numbered]:
        # The record is read before the log: a turn that is terminal has all its events in the log.
        record = self._fresh_record()
        if record is None:
            gone = TurnNotFound(self._record.turn_id)
            return [(self._seen + 1, error_event(gone, self._record.turn_id))]
        logged, last_key = recovery.logged(record, self._ports, after_key=self._last_key)
        events = [(number, event) for number, event in logged if number > self._seen]
        if record.ending is not None:
            events = self._to_the_end(record, record.ending, events)
        self._last_key = last_key
        if events:
            self._seen = events[-1][0]
        return events

    def _fresh_record(self) -> TurnRecord | None:
        """Return the turn as it stands now; None when its conversation was deleted meanwhile."""
        if self._record.is_terminal:
            return self._record
        ref, turn_id, now_ms = self._record.conversation, self._record.turn_id, self._ports.clock.now_ms()
        record = find_turn(ref, turn_id, self._ports)
        if record is not None and self._settle(record, now_ms, self._ports):
            record = find_turn(ref, turn_id, self._ports)
        self._record = record or self._record
        return record

    def is_over(self) -> bool:
        """Whether the reader has seen the terminal event of a finished turn."""
        record = self._record
        if not record.is_terminal or self._seen == 0:
            return False
        if record.status == "interrupted" and self._seen > record.logged_up_to:
            return self._seen >= BEHIND_ALL
        if self._seen == record.terminal_number:
            return True
        logged, _ = recovery.logged(record, self._ports)
        expired = len(logged) < record.logged_up_to
        return expired and self._seen == len(self._retold(record)) + 1

    def _to_the_end(self, record: TurnRecord, ending: Ending, logged: list[Numbered]) -> list[Numbered]:
        """Return all that a finished turn still has for this reader, after whose cursor `logged` was found.

        Where the log has expired, and be it in part, a new reader is told the turn anew from its message;
        one that has seen some of it gets the terminal event, which holds the whole.
        """
        found = recovery.messages(record, self._ports)
        user, reply = found.get(record.user_message_id), found.get(record.assistant_message_id)
        if self._seen > record.logged_up_to:
            kept = reply.content if reply is not None else None
            # What was told and not kept had ids too, so that this end needs one that nothing had.
            number = BEHIND_ALL if record.status == "interrupted" else record.terminal_number
            return [(number, error_event(_behind(), record.turn_id, kept))]
        terminal = terminal_event(record.conversation, record.turn_id, ending, user, reply)
        expired = len(logged) < record.logged_up_to - self._seen
        if expired and self._seen == 0:
            return [*enumerate([*self._retold(record), terminal], start=1)]
        return [*(logged if not expired else ()), (record.terminal_number, terminal)]

    def _retold(self, record: TurnRecord) -> list[TurnEvent]:
        """Return the events of a turn whose log has expired: `start`, then one for each part."""
        start = Start(record.turn_id, record.conversation.conversation_id, record.assistant_message_id)
        reply = recovery.messages(record, self._ports).get(record.assistant_message_id)
        return [start, *_part_events(reply.parts if reply is not None else ())]


def _behind() -> ModelStreamInterrupted:
    return ModelStreamInterrupted("the answer broke off after what you have seen; this is what was kept")


def _part_events(parts: Sequence[Part]) -> list[TurnEvent]:
    return [
        Contextual(part.stage or "", part.text) if part.kind == "update" else Chunk(part.text)
        for part in parts
    ]
