"""The fault shim: every call to a port is a numbered operation, and a fault can strike at any of them.

A `Process` is one invocation of the function: ports of its own on the world's table, queue and clock.
Killed, it never touches the world again; stalled, it does nothing for a while and does not know it.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

from libs.coach_conversation.errors import ModelStreamInterrupted, ModelUnavailable, StoreUnavailable
from libs.coach_conversation.ports import (
    Clock,
    LanguageModel,
    ModelCall,
    ModelEvent,
    Prompt,
    ToolAnswer,
    TurnQueue,
)
from libs.coach_conversation.store.table import Item, Key, Query, Table, Write
from libs.coach_conversation.types import ConversationRef, Task, TurnId
from tests.fakes.clock import START_MS
from tests.faults.scheduler import Killed, Scheduler

type Port = Literal["read", "query", "commit", "route", "generate", "send", "sleep"]
type FaultKind = Literal["fail before", "fail after", "kill", "kill after", "stall", "late"]

FAULTS: Final[Mapping[Port, tuple[FaultKind, ...]]] = {
    **dict.fromkeys(
        ("read", "query", "commit", "send"),
        ("fail before", "fail after", "kill", "kill after", "stall", "late"),
    ),
    **dict.fromkeys(("route", "generate"), ("fail before", "fail after", "kill", "kill after", "stall")),
    "sleep": ("kill", "kill after", "stall"),
}
"""What can happen at a call of each port; `fail after`: it was done, and the answer was lost."""
STALL_S: Final = 25.0
"""Longer than a lease and the skew that clocks may have."""
MAX_AT_ONCE: Final = 200
"""More operations of one process at one moment are an endless loop."""
LATE_S: Final = 3.0
"""Longer than the budget of T1."""


@dataclass(frozen=True, slots=True)
class Operation:
    """A call to a port, by whom, and the function of ours that made it."""

    port: Port
    process: str
    site: str
    at_s: float


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens at the `number`-th operation, counted over all processes from 1."""

    number: int
    kind: FaultKind


@dataclass(frozen=True, slots=True)
class Violation:
    """What should never be: the invariant that does not hold, and what was seen."""

    invariant: str
    what: str


class Shimmed(Protocol):
    """What the shim needs of the world."""

    scheduler: Scheduler
    operations: list[Operation]
    violations: list[Violation]
    fault: Fault | None
    struck: Operation | None


@dataclass(slots=True, kw_only=True, eq=False)
class Process:
    """One invocation: what it does counts only while it is not dead.

    Shape   `hindered`: its store or its time failed it; `asking`: how many model calls it is in
    Units   `skew_ms` what its clock is ahead of the true time; `log_lag_s` what a write of its log takes;
            `stalled_until_s`, `away_until_s` till when it is frozen, or the store is away
    """

    name: str
    world: Shimmed
    skew_ms: int = 0
    dead: bool = False
    died_s: float | None = None
    stalled_until_s: float = 0.0
    away_until_s: float = 0.0
    log_lag_s: float = 0.0
    hindered: bool = False
    asking: int = 0
    done: list[Operation] = field(default_factory=list)

    @property
    def is_well(self) -> bool:
        """Whether nothing ever went wrong with it."""
        return not self.dead and not self.hindered

    def kill(self) -> None:
        if not self.dead:
            self.dead = True
            self.died_s = self.world.scheduler.now_s

    def operate[T](self, port: Port, work: Callable[[], T], failure: Exception) -> T:
        """Do one numbered operation. Raises `failure` or Killed, where a fault says so."""
        world = self.world
        world.scheduler.switch()
        now_s = world.scheduler.now_s
        operation = Operation(port, self.name, _site(), now_s)
        world.operations.append(operation)
        self.done.append(operation)
        if len(self.done) > MAX_AT_ONCE and self.done[-MAX_AT_ONCE].at_s == now_s:
            world.violations.append(Violation("I6", f"{self.name} goes round in circles in {operation.site}"))
            self.kill()
            raise Killed
        fault = world.fault
        if fault is not None and fault.number == len(world.operations):
            world.struck = operation
            self.hindered = self.hindered or fault.kind not in ("kill", "kill after")
            return self._strike(fault.kind, work, failure)
        if now_s < self.away_until_s and port in ("read", "query", "commit"):
            self.hindered = True
            raise failure
        if self.log_lag_s and operation.site.startswith("log."):
            world.scheduler.wait(None, self.log_lag_s)
        return work()

    def _strike[T](self, kind: FaultKind, work: Callable[[], T], failure: Exception) -> T:
        scheduler = self.world.scheduler
        match kind:
            case "fail before":
                raise failure
            case "fail after":
                work()
                raise failure
            case "kill":
                self.kill()
                raise Killed
            case "kill after":
                work()
                self.kill()
                raise Killed
            case "stall":
                self.stalled_until_s = scheduler.now_s + STALL_S
                scheduler.switch()
                return work()
            case "late":
                scheduler.wait(None, LATE_S)
                return work()


_OURS: Final = ("libs.coach_conversation.", "stream_coach.")


def _site() -> str:
    """Return the innermost of our functions that is on the stack."""
    frame = sys._getframe(2)
    while (caller := frame.f_back) is not None:
        module = str(frame.f_globals.get("__name__"))
        if module.startswith(_OURS):
            return f"{module.rpartition('.')[2]}.{frame.f_code.co_qualname}"
        frame = caller
    return "test"


class ShimTable(Table):
    """The world's table as one process reaches it."""

    def __init__(self, process: Process, table: "CommittedBy") -> None:
        self._process, self._table = process, table

    def read(self, keys: Sequence[Key]) -> dict[Key, Item]:
        return self._process.operate("read", lambda: self._table.read(keys), _away())

    def query(self, query: Query) -> list[Item]:
        return self._process.operate("query", lambda: self._table.query(query), _away())

    def commit(self, writes: Sequence[Write], *, token: str | None = None) -> None:
        def work() -> None:
            self._table.commit_by(self._process, writes, token=token)

        self._process.operate("commit", work, _away())


class CommittedBy(Protocol):
    """A table that is told who commits."""

    def read(self, keys: Sequence[Key]) -> dict[Key, Item]: ...

    def query(self, query: Query) -> list[Item]: ...

    def commit_by(self, process: Process, writes: Sequence[Write], *, token: str | None) -> None: ...


def _away() -> StoreUnavailable:
    return StoreUnavailable("the store did not answer")


class ShimModel(LanguageModel):
    """A model as one process reaches it: each thing that a call says is an operation."""

    def __init__(self, process: Process, model: LanguageModel) -> None:
        self._process, self._model = process, model

    def call(self, prompt: Prompt) -> ModelCall:
        return _ShimCall(self._process, self._model.call(prompt))


class _ShimCall(ModelCall):
    def __init__(self, process: Process, call: ModelCall) -> None:
        self._process, self._call = process, call

    def tool_answer(self) -> ToolAnswer:
        failure = ModelUnavailable("the model did not answer")
        with self._asking():
            return self._process.operate("route", self._call.tool_answer, failure)

    def events(self) -> Iterator[ModelEvent]:
        failure: Exception = ModelUnavailable("the model did not answer")
        said = self._call.events()
        with self._asking():
            while event := self._process.operate("generate", lambda: next(said, None), failure):
                yield event
                failure = ModelStreamInterrupted("the answer broke off")

    def abandon(self) -> None:
        self._call.abandon()

    @contextmanager
    def _asking(self) -> Iterator[None]:
        self._process.asking += 1
        try:
            yield
        finally:
            self._process.asking -= 1


class ShimQueue(TurnQueue):
    """The world's queue as one process reaches it."""

    def __init__(self, process: Process, queue: TurnQueue) -> None:
        self._process, self._queue = process, queue

    def send_turn(self, ref: ConversationRef, turn_id: TurnId, /) -> None:
        failure = StoreUnavailable("the queue did not answer")
        self._process.operate("send", lambda: self._queue.send_turn(ref, turn_id), failure)

    def send_task(self, ref: ConversationRef, turn_id: TurnId, task: Task, /) -> None:
        failure = StoreUnavailable("the queue did not answer")
        self._process.operate("send", lambda: self._queue.send_task(ref, turn_id, task), failure)


class ShimClock(Clock):
    """The world's time as one process sees it."""

    def __init__(self, process: Process) -> None:
        self._process, self._scheduler = process, process.world.scheduler

    def now_ms(self) -> int:
        return START_MS + round(self._scheduler.now_s * 1000) + self._process.skew_ms

    def monotonic_s(self) -> float:
        return 1000.0 + self._scheduler.now_s

    def sleep(self, seconds: float) -> None:
        def work() -> None:
            self._scheduler.wait(None, seconds)

        self._process.operate("sleep", work, _away())
