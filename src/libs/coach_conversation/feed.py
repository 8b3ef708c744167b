"""The feed of a turn's events: published by whoever runs it, read live or from the store.

A reader is a `wait(timeout_s)` that gives the events that came since it was last asked.
"""

import threading
from collections.abc import Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Final

from libs.coach_conversation import items, recovery
from libs.coach_conversation.endings import error_event, terminal_event
from libs.coach_conversation.errors import ModelStreamInterrupted
from libs.coach_conversation.ports import Ports
from libs.coach_conversation.recovery import find_turn
from libs.coach_conversation.types import Ending, Message, Part, TurnRecord
from libs.streaming.events import Chunk, Contextual, Error, Start, TurnEvent, is_terminal
from libs.streaming.keepalive import Numbered, Wait

POLL_S: Final = 0.25


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
        """Return a reader of all events behind number `after`, whenever it joins."""
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

    def __init__(self, record: TurnRecord, ports: Ports, *, after: int = 0) -> None:
        self._record, self._ports = record, ports
        self._seen = after

    def wait(self, timeout_s: float) -> list[Numbered]:
        """Return what the log got since, at once if there is any; polls each 0.25 s."""
        clock = self._ports.clock
        until_s = clock.monotonic_s() + timeout_s
        while True:
            events = self._new_events()
            if events or clock.monotonic_s() >= until_s:
                return events
            clock.sleep(POLL_S)

    def _new_events(self) -> list[Numbered]:
        # The record is read before the log: a turn that is terminal has all its events in the log.
        record = self._fresh_record()
        events = recovery.logged(record, self._ports, after=self._seen)
        if events:
            self._seen = events[-1][0]
        if record.ending is not None:
            events += self._rest(record, record.ending)
        return events

    def _fresh_record(self) -> TurnRecord:
        if self._record.is_terminal:
            return self._record
        record = find_turn(self._record.conversation, self._record.turn_id, self._ports) or self._record
        now_ms = self._ports.clock.now_ms()
        if recovery.settle(record, now_ms, self._ports):
            record = find_turn(record.conversation, record.turn_id, self._ports) or record
        self._record = record
        return record

    def _rest(self, record: TurnRecord, ending: Ending) -> list[Numbered]:
        """Return what follows the log of a finished turn."""
        terminal = self._terminal(record, ending)
        if self._seen > record.logged_up_to:
            lost = ModelStreamInterrupted(
                "the answer broke off behind what you have seen; this is what was kept"
            )
            kept = terminal.saved_content if isinstance(terminal, Error) else None
            # The id is the terminal event's own, so that a browser that reconnects behind it gets its 204.
            return [(record.logged_up_to + 1, error_event(lost, record.turn_id, kept))]
        expired: list[TurnEvent] = []
        if self._seen == 0 and record.logged_up_to > 0:
            expired = _from_message(record, self._reply(record))
        return [*enumerate([*expired, terminal], start=self._seen + 1)]

    def _terminal(self, record: TurnRecord, ending: Ending) -> TurnEvent:
        found = self._messages(record)
        user, reply = found.get(record.user_message_id), found.get(record.assistant_message_id)
        return terminal_event(record.conversation, record.turn_id, ending, user, reply)

    def _reply(self, record: TurnRecord) -> Message | None:
        return self._messages(record).get(record.assistant_message_id)

    def _messages(self, record: TurnRecord) -> dict[str, Message]:
        ids = (record.user_message_id, record.assistant_message_id)
        keys = [items.message_key(record.conversation, message_id) for message_id in ids]
        found = self._ports.table.read(keys).values()
        return {message.message_id: message for message in map(items.message_from, found)}


def _from_message(record: TurnRecord, reply: Message | None) -> list[TurnEvent]:
    """Return the events of a turn whose log has expired: `start`, then one for each part."""
    start = Start(record.turn_id, record.conversation.conversation_id, record.assistant_message_id)
    return [start, *_part_events(reply.parts if reply is not None else ())]


def _part_events(parts: Sequence[Part]) -> list[TurnEvent]:
    return [
        Contextual(part.stage or "", part.text) if part.kind == "update" else Chunk(part.text)
        for part in parts
    ]
