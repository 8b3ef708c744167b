"""A turn that was admitted and runs, without anything that runs it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from libs.coach_conversation.admission import Admitted, admit
from libs.coach_conversation.ports import Ports
from libs.coach_conversation.recovery import find_turn, logged
from libs.coach_conversation.store import items, transitions
from libs.coach_conversation.store.table import Delete, Key, Update
from libs.coach_conversation.types import CoachTurn, Ending, Message, Part, TurnRecord
from libs.streaming.events import TurnEvent
from tests.fakes.clock import FakeClock
from tests.fakes.faults import FaultyTable
from tests.fakes.ports import REF, asked, conversation_items, make_ports
from tests.fakes.table import FakeTable


@dataclass
class Scene:
    """A conversation with its ports; `stored` is the table behind the faults."""

    stored: FakeTable = field(default_factory=lambda: FakeTable(conversation_items()))
    clock: FakeClock = field(default_factory=FakeClock)
    overrides: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.table = FaultyTable(self.stored)
        self.ports: Ports = make_ports(table=self.table, clock=self.clock, **self.overrides)

    def admit(self, turn: CoachTurn | None = None) -> Admitted:
        admitted = admit(turn if turn is not None else asked(), self.ports)
        assert isinstance(admitted, Admitted)
        return admitted

    def record(self, turn: CoachTurn | None = None) -> TurnRecord:
        ports = make_ports(table=self.stored)
        found = find_turn(REF, (turn if turn is not None else asked()).turn_id, ports)
        assert found is not None
        return found

    def change(self, key: Key, **attributes: Any) -> None:
        """Let somebody else change an item."""
        self.stored.commit([Update(key, set=attributes)])

    def change_turn(self, **attributes: Any) -> None:
        self.change(items.turn_key(REF, asked().turn_id), **attributes)

    def change_meta(self, **attributes: Any) -> None:
        self.change(items.meta_key(REF), **attributes)

    def remove(self, key: Key) -> None:
        """Let somebody else delete an item."""
        self.stored.commit([Delete(key)])

    def keep(self, admitted: Admitted, *entries: Sequence[TurnEvent]) -> None:
        """Let the turn's owner log these entries."""
        for events in entries:
            writes = transitions.log(
                admitted.lease,
                self.record(admitted.turn).logged_up_to + 1,
                events,
                now_ms=self.clock.now_ms(),
                lease_until_ms=None,
                first_content=True,
                unless_cancelled=False,
            )
            self.stored.commit(writes)

    def finish(self, admitted: Admitted, answer: str = "") -> None:
        """Let the turn end as completed, with this answer."""
        reply = Message(
            message_id=admitted.ids.assistant,
            role="assistant",
            parts=(Part("answer", answer),),
            turn_id=admitted.turn.turn_id,
            status="complete",
            created_at="2026-11-21T08:00:10.000Z",
        )
        replaces = admitted.turn.replaces
        writes = transitions.finish(
            admitted.lease,
            Ending(status="completed", stop_reason="end_turn"),
            reply if answer else None,
            now_ms=self.clock.now_ms(),
            superseded=replaces.answer_id if replaces is not None else None,
        )
        self.stored.commit(writes)

    @property
    def meta(self) -> dict[str, Any]:
        key = items.meta_key(REF)
        return self.stored.read([key])[key]

    def logged(self) -> list[tuple[int, TurnEvent]]:
        ports = make_ports(table=self.stored, clock=self.clock)
        return logged(self.record(), ports)[0]

    def messages(self) -> list[Message]:
        """Return all messages, oldest first."""
        found = sorted(key for key in self.stored.all() if key.sk.startswith("M#"))
        stored = self.stored.read(found)
        return [items.message_from(stored[key]) for key in found]
