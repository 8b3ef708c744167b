"""A turn that was admitted and runs, without anything that runs it."""

from dataclasses import dataclass, field
from typing import Any

from libs.coach_conversation import items
from libs.coach_conversation.admission import Admitted, admit
from libs.coach_conversation.ports import Ports
from libs.coach_conversation.recovery import find_turn, logged
from libs.coach_conversation.table import Key, Update
from libs.coach_conversation.types import CoachTurn, Message, TurnRecord
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
