"""A completed turn whose follow-ups are still to be done."""

from typing import Any

from libs.coach_conversation import running
from libs.coach_conversation.kept import follow_ups
from libs.coach_conversation.recovery import logged
from libs.coach_conversation.store import items
from libs.coach_conversation.types import CoachTurn, Limits, Task, TurnId
from libs.streaming.events import TurnEvent
from tests.fakes.executors import ThreadExecutor
from tests.fakes.model import FakeModel, Step, answering
from tests.fakes.ports import REF, FakeJournal, FakeQueue, asked, make_ports
from tests.libs.coach_conversation.scenes import Scene

LOGGED = "I did 5x5 squats at 100 kg today"
SQUATS = {
    "discipline": "strength",
    "exercises": [{"name": "squat", "sets": [{"reps": 5, "load": {"value": 100, "unit": "kg"}}] * 5}],
}


class FollowedUp(Scene):
    """Says something, answers it, and does what is left to do; `model` and `queue` are its fakes."""

    def __init__(self, router: tuple[Step, ...], **extracted: list[object]) -> None:
        self.model = FakeModel(answering("Noted."), router=router, extracted=extracted)
        self.queue = FakeQueue()
        self.threads = ThreadExecutor()
        limits = Limits(log_tick_s=0.001, turns_per_minute=0)
        ports: dict[str, Any] = {"model": self.model, "queue": self.queue, "executor": self.threads}
        super().__init__(overrides={**ports, "limits": limits})

    def say(self, text: str = LOGGED, *, key: str = "k-1") -> TurnId:
        """Run a turn to its end."""
        return self.run(asked(text, key=key))

    def run(self, turn: CoachTurn) -> TurnId:
        started = running.start(self.admit(turn), self.ports, deadline_s=self.clock.monotonic_s() + 60)
        started.ended.result(10)
        self.threads.join()
        self.clock.advance(1)
        return turn.turn_id

    def do(self, task: Task, turn_id: TurnId) -> None:
        follow_ups.run(task, REF, turn_id, self.ports)

    def logged_of(self, key: str) -> list[tuple[int, TurnEvent]]:
        """Return what the turn of this key was logged to tell."""
        return logged(self.record(asked(key=key)), make_ports(table=self.stored, clock=self.clock))[0]

    def turn(self, turn_id: TurnId) -> dict[str, Any]:
        key = items.turn_key(REF, turn_id)
        return self.stored.read([key])[key]

    def kept(self, prefix: str) -> list[dict[str, Any]]:
        """Return the items of the person or the conversation whose sort keys begin so, in order."""
        found = sorted(self.stored.all().items(), key=lambda pair: pair[0].sk)
        return [item for key, item in found if key.sk.startswith(prefix)]

    @property
    def journal(self) -> FakeJournal:
        journal = self.ports.journal
        assert isinstance(journal, FakeJournal)
        return journal
