"""The stage: one table, one queue and one model, and processes that share them in virtual time."""

from collections.abc import Callable, Collection, Mapping, Sequence
from random import Random

from libs.coach_conversation.ports import Ports
from libs.coach_conversation.store.ids import next_ulid, turn_id
from libs.coach_conversation.store.items import turn_from, turn_key
from libs.coach_conversation.store.table import Item
from libs.coach_conversation.types import Limits, Task, TurnId, TurnRecord
from tests.fakes.ports import REF, FakeJournal, conversation_items, make_ports
from tests.fakes.table import FakeTable
from tests.faults.carrying import CarryingQueue
from tests.faults.model import Called, Script, ScriptedModel
from tests.faults.scheduler import Scheduler
from tests.faults.shim import (
    Fault,
    Operation,
    Process,
    ShimClock,
    ShimModel,
    ShimQueue,
    ShimTable,
    Violation,
)
from tests.faults.waiting import SeededExecutor
from tests.faults.watch import WatchedTable

MAX_SKEW_MS = 1000
"""The clocks of two processes differ by at most the skew that leases allow for."""


class Stage:
    """What processes share, and what was seen of them; one conversation, named by REF.

    Shape   `fault` strikes at the operation of its number; `struck` is that operation, once it did;
            `turn_ids` are those of keys that are not a message's; `leaves` the tasks that keys leave behind
    """

    def __init__(
        self,
        seed: int = 0,
        *,
        fault: Fault | None = None,
        scripts: Mapping[str, Sequence[Script]] | None = None,
        leaves: Mapping[str, Collection[Task]] | None = None,
        limits: Limits | None = None,
        items: Sequence[Item] = (),
    ) -> None:
        self.scheduler = Scheduler(seed)
        self.fault, self.limits = fault, limits or Limits(daily_budget_cents=100_000)
        self.scripts, self.leaves = scripts or {}, leaves or {}
        self.struck: Operation | None = None
        self.operations: list[Operation] = []
        self.violations: list[Violation] = []
        self.table = WatchedTable(FakeTable([*conversation_items(), *items]), self.violations)
        self.queue, self.journal = CarryingQueue(), FakeJournal()
        self.calls: list[Called] = []
        self.processes: list[Process] = []
        self.turn_ids: dict[str, str] = {}
        self._random = Random(seed)

    @property
    def now_s(self) -> float:
        return self.scheduler.now_s

    def turn_id(self, key: str) -> str:
        return self.turn_ids.get(key) or turn_id(REF.user_id, REF.conversation_id, f"message:{key}")

    def record(self, key: str) -> TurnRecord | None:
        """Return the turn of this key as it stands."""
        at = turn_key(REF, TurnId(self.turn_id(key)))
        item = self.table.read([at]).get(at)
        return turn_from(REF, item) if item is not None else None

    def process(self, role: str) -> Process:
        """Return a new process with a clock of its own."""
        skew_ms = self._random.randrange(-MAX_SKEW_MS, MAX_SKEW_MS + 1)
        process = Process(name=f"{role}-{len(self.processes)}", world=self, skew_ms=skew_ms)
        self.processes.append(process)
        return process

    def named(self, name: str) -> Process:
        return next(process for process in self.processes if process.name == name)

    def ports(self, process: Process) -> Ports:
        """Return the process's ports; every one of them goes through the shim."""
        clock = ShimClock(process)
        model = ScriptedModel(process.name, self.calls, self.scripts, self.leaves, lambda: self.now_s)
        return make_ports(
            clock=clock,
            table=ShimTable(process, self.table),
            model=ShimModel(process, model),
            queue=ShimQueue(process, self.queue),
            executor=SeededExecutor(self.scheduler, process),
            ulid=lambda after: self._draw_ulid(clock.now_ms(), after),
            journal=self.journal,
            limits=self.limits,
            jitter=lambda: 1.0,
        )

    def _draw_ulid(self, now_ms: int, after: str) -> str:
        return next_ulid(now_ms=now_ms, random_80=self._random.getrandbits(80), after=after)

    def invoke(self, process: Process, work: Callable[[Ports], object]) -> None:
        """Run an invocation beside everything else; it raises nothing that nobody foresaw."""

        def invocation() -> None:
            try:
                work(self.ports(process))
            except Exception as error:  # noqa: BLE001 - what the runtime would log
                self.violations.append(Violation("unforeseen", f"{process.name}: {error!r}"))

        self.scheduler.spawn(invocation, process)

    def stall(self, process: Process, seconds: float) -> None:
        """Freeze a process; it does not know."""
        process.hindered = True
        process.stalled_until_s = self.now_s + seconds

    def cut_off(self, process: Process, seconds: float) -> None:
        """Keep the store away from a process."""
        process.away_until_s = self.now_s + seconds

    def run(self, seconds: float) -> None:
        """Let this many seconds pass."""
        self.scheduler.pause(seconds)

    def run_all(self, *, limit_s: float = 600.0) -> None:
        """Run until no process has anything to do."""
        if not self.scheduler.run(lambda: not self.scheduler.has_tasks, limit_s=limit_s):
            self.violations.append(Violation("I7", "a stream or a turn never ends"))

    def close(self) -> None:
        """Kill what still runs, so that no thread is left."""
        for process in self.processes:
            process.kill()
        self.scheduler.run(lambda: not self.scheduler.has_tasks, limit_s=0.0)
