"""Everything that can happen to a conversation, in any order: a hypothesis state machine.

Its rules are the movers of the transition table: clients that say, attach, cancel and poll, a worker, a
sweeper, time; and what goes wrong: processes that die, stand still or lose the store, answers that are
lost, clients that leave and come back. Every commit is held against the table (`watch.py`); at the
end all recovers, and the invariants are checked.
"""

from collections import Counter
from random import Random
from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from libs.coach_conversation.types import Task
from tests.faults import invariants
from tests.faults.fault_loop import recover
from tests.faults.model import Script, spoken
from tests.faults.readers import Reader
from tests.faults.scenarios import BROKEN, LOGS, REMEMBERS, SECOND_CHANCE, SILENT
from tests.faults.shim import Fault, FaultKind, Process
from tests.faults.world import World

type Leaves = tuple[Task, ...]

KEYS: Final = st.sampled_from(["k-1", "k-2", "k-3"])
ANY: Final = st.integers(0, 7)
SECONDS: Final = st.sampled_from([0.4, 1.5, 6.0, 19.0, 62.0])
SOON: Final = st.sampled_from([0.0, 0.2, 0.7, 1.3])
"""What passes behind a step: mostly too little for a turn to end."""
KINDS: Final = st.sampled_from(["fail before", "fail after", "kill", "kill after", "stall", "late"])
SCRIPTS: Final = st.sampled_from([SECOND_CHANCE, BROKEN, SILENT, (spoken("long", deltas=40, pause_s=0.5),)])
LEAVES: Final = st.sampled_from([LOGS, REMEMBERS, LOGS[:1], REMEMBERS[:1], LOGS[1:]])

taken: Counter[str] = Counter()
"""The rows of the transition table that were taken, over all examples."""


class Conversation(RuleBasedStateMachine):
    """Two clients and more on one conversation of three messages."""

    world: World

    @initialize(
        seed=st.integers(0, 999),
        scripts=st.dictionaries(KEYS, SCRIPTS, max_size=2),
        leaves=st.dictionaries(KEYS, LEAVES),
    )
    def begin(
        self, seed: int, scripts: dict[str, tuple[Script, ...]], leaves: dict[str, tuple[Task, ...]]
    ) -> None:
        self.world = World(seed, scripts=scripts, leaves=leaves)

    # Clients.

    @rule(key=KEYS, soon=SOON)
    def say(self, key: str, soon: float) -> None:
        """Say something, or send it again."""
        self.world.post(key)
        self.world.run(soon)

    @rule(key=KEYS, soon=SOON)
    def say_and_wait(self, key: str, soon: float) -> None:
        self.world.post_for_json(key)
        self.world.run(soon)

    @rule(key=KEYS, mode=st.sampled_from(["attach", "queued"]), soon=SOON)
    def leave_for_later(self, key: str, mode: str, soon: float) -> None:
        self.world.begin(key, mode)
        self.world.run(soon)

    @precondition(lambda self: self.world.keys)
    @rule(number=ANY, soon=SOON)
    def attach(self, number: int, soon: float) -> None:
        self.world.resume(self._key(number))
        self.world.run(soon)

    @precondition(lambda self: self.world.keys)
    @rule(number=ANY, soon=SOON)
    def cancel(self, number: int, soon: float) -> None:
        self.world.cancel(self._key(number))
        self.world.run(soon)

    @precondition(lambda self: self.world.keys)
    @rule(number=ANY)
    def poll(self, number: int) -> None:
        self.world.poll(self._key(number))

    @precondition(lambda self: self._watching())
    @rule(number=ANY)
    def leave(self, number: int) -> None:
        """A client goes away; its turn goes on."""
        readers = self._watching()
        reader = readers[number % len(readers)]
        reader.leaves_after = len(reader.seen)

    @precondition(lambda self: self._gone())
    @rule(number=ANY)
    def come_back(self, number: int) -> None:
        readers = self._gone()
        self.world.come_back(readers[number % len(readers)])

    # Movers.

    @rule(seconds=SECONDS)
    def pass_time(self, seconds: float) -> None:
        self.world.run(seconds)

    @rule(soon=SOON)
    def sweep(self, soon: float) -> None:
        self.world.sweep()
        self.world.run(soon)

    @precondition(lambda self: self.world.queue.sent)
    @rule(twice=st.booleans(), soon=SOON)
    def deliver(self, *, twice: bool, soon: float) -> None:
        """SQS delivers at least once."""
        for key in self.world.take_sent() * (1 + twice):
            self.world.deliver(key)
        self.world.run(soon)

    @precondition(lambda self: self.world.queue.waiting)
    @rule(seed=st.integers(0, 99), times=st.sampled_from([1, 1, 2, 5]), soon=SOON)
    def deliver_tasks(self, seed: int, times: int, soon: float) -> None:
        """SQS delivers in any order."""
        messages = self.world.queue.take() * times
        Random(seed).shuffle(messages)
        for message in messages:
            self.world.deliver_task(message)
        self.world.run(soon)

    # What goes wrong.

    @precondition(lambda self: self._alive())
    @rule(number=ANY)
    def kill(self, number: int) -> None:
        self._process(number).kill()

    @precondition(lambda self: self._alive())
    @rule(number=ANY, seconds=SECONDS)
    def stand_still(self, number: int, seconds: float) -> None:
        self.world.stall(self._process(number), seconds)

    @precondition(lambda self: self._alive())
    @rule(number=ANY, seconds=SECONDS)
    def lose_the_store(self, number: int, seconds: float) -> None:
        self.world.cut_off(self._process(number), seconds)

    @rule(ahead=st.integers(1, 12), kind=KINDS)
    def plan_a_fault(self, ahead: int, kind: FaultKind) -> None:
        self.world.fault = Fault(len(self.world.operations) + ahead, kind)

    # What holds.

    @invariant()
    def nothing_is_violated(self) -> None:
        assert self.world.violations == [], self.world.violations

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        world = self.world
        try:
            world.fault = None
            world.run_all()
            recover(world, at_once=False)
            found = invariants.check(world)
            assert found == [], found
            taken.update(world.table.seen)
        finally:
            world.close()

    def _key(self, number: int) -> str:
        return self.world.keys[number % len(self.world.keys)]

    def _alive(self) -> list[Process]:
        return [process for process in self.world.processes if self.world.scheduler.has_tasks_of(process)]

    def _process(self, number: int) -> Process:
        """Return one of those that have something to do."""
        return self._alive()[number % len(self._alive())]

    def _watching(self) -> list[Reader]:
        return [reader for reader in self.world.readers if reader.outcome is None]

    def _gone(self) -> list[Reader]:
        return [reader for reader in self.world.readers if reader.outcome in ("cut", "left")]
