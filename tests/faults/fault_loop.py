"""The fault loop: a scenario with a fault at one operation, then recovery, a retry, and one more turn."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

from libs.coach_conversation.types import Task
from tests.fakes.clock import START_MS
from tests.faults import invariants
from tests.faults.model import Script
from tests.faults.shim import FAULTS, Fault, Operation, Violation
from tests.faults.transition_table import LIVE, SKEW_MS
from tests.faults.world import World

SWEEP_S: Final = 60.0
LEASE_OVER_S: Final = 18.5
RARE: Final = ("kill after", "stall", "late")
OFTEN: Final = 2
"""A poll is read again and again: the rarer faults strike only its first times."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is done to a world; `play` returns when all is asked for, not when it is answered.

    Shape   `ends` the status of each turn where no fault strikes; `leaves` the tasks that keys leave behind
    """

    name: str
    play: Callable[[World], None]
    scripts: Mapping[str, Sequence[Script]] = field(default_factory=dict)
    ends: Mapping[str, str] = field(default_factory=lambda: {"k-1": "completed"})
    leaves: Mapping[str, Sequence[Task]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Run:
    """One play of a scenario, checked."""

    world: World
    fault: Fault | None
    struck: Operation | None
    points: int
    violations: tuple[Violation, ...]


def run(scenario: Scenario, fault: Fault | None = None, *, seed: int = 0, checked: bool = True) -> Run:
    """Play the scenario with the fault, let everything recover, and check what must hold."""
    world = World(seed, fault=fault, scripts=scenario.scripts, leaves=scenario.leaves)
    try:
        scenario.play(world)
        if fault is not None and fault.kind == "stall":
            _take_over(world)
        world.run_all()
        points = len(world.operations)
        world.fault = None
        if fault is None:
            _check_ends(scenario, world)
        if checked:
            recover(world, at_once=fault is not None and fault.number % 2 == 1)
        return Run(world, fault, world.struck, points, tuple(invariants.check(world)))
    finally:
        world.close()


def _take_over(world: World) -> None:
    """While one process stands still, its lease runs out: sweep, and send everything again."""
    world.run(LEASE_OVER_S)
    world.sweep()
    for key in world.keys:
        world.post(key)


def _check_ends(scenario: Scenario, world: World) -> None:
    for key, status in scenario.ends.items():
        record = world.record(key)
        if record is None or record.status != status:
            found = record.status if record is not None else "not there"
            world.violations.append(Violation("outcome", f"without a fault {key} is {found}, not {status}"))


def recover(world: World, *, at_once: bool) -> None:
    """Send everything again, at once or when the leases are over; sweep; come back; say something new.

    A client that comes back does so under the last id it saw, to another process.
    """
    keys = world.keys
    if at_once:
        _send_again(keys, world)
    settle(world)
    calls = len(world.calls)
    known = {key for key in keys if world.record(key) is not None}
    for reader in list(world.readers):
        if reader.outcome == "cut" or reader.outcome == "left":
            world.come_back(reader)
            world.run_all()
    _send_again(keys, world)
    settle(world)
    again = [call.key for call in world.calls[calls:] if call.of_turn and call.key in known]
    if again:
        world.violations.append(Violation("I2", f"a model was called for {again}, which had ended"))
    last = world.post("another")
    world.run_all()
    if last.last is None or last.last.kind != "complete":
        world.violations.append(Violation("usable", f"the next turn ends with {last.outcome} {last.last}"))
    follow_up(world)


def _send_again(keys: Sequence[str], world: World) -> None:
    for key in keys:
        reader = world.post(key)
        world.run_all()
        if reader.outcome not in ("ended", "CONVERSATION_BUSY"):
            world.violations.append(Violation("usable", f"sent again, {key} gets {reader.outcome}"))


def settle(world: World) -> None:
    """Let leases and waiting times run out, with a sweep each minute and a worker for what is sent.

    After the first one nobody's turn is running any more; a queued one may be waiting for a worker again.
    """
    for _ in range(3):
        world.run(SWEEP_S)
        world.sweep()
        world.run_all()
        _check_swept(world)
        for key in world.take_sent():
            world.deliver(key)
            world.run_all()
        follow_up(world)


def follow_up(world: World) -> None:
    """Let the worker have the tasks until none comes back."""
    while world.queue.waiting:
        world.deliver_tasks()
        world.run_all()


def first_violations(scenario: Scenario, *, seeds: int = 8) -> Run | None:
    """Play without a fault in several orders, then with all faults in one, until something is violated."""
    plain = (run(scenario, seed=seed) for seed in range(seeds))
    return next((played for played in chain(plain, every_fault(scenario)) if played.violations), None)


def every_fault(scenario: Scenario, *, seed: int = 0) -> Iterator[Run]:
    """Play the scenario without a fault, then with each fault at each of its operations."""
    plain = run(scenario, seed=seed)
    yield plain
    for fault in faults_of(plain.world.operations[: plain.points]):
        yield run(scenario, fault, seed=seed)


def _check_swept(world: World) -> None:
    swept_ms = START_MS + round(world.now_s * 1000) - SKEW_MS
    for key in world.keys:
        record = world.record(key)
        if record is not None and record.status in LIVE and record.mode != "queued":
            world.violations.append(Violation("I6", f"{key} is {record.status}, a lease and a sweep later"))
        if record is not None and record.follow_ups and record.due_at_ms < swept_ms:
            world.violations.append(
                Violation("follow-ups", f"{key}: {record.follow_ups} are due and not sent")
            )


def faults_of(operations: Sequence[Operation]) -> Iterator[Fault]:
    """Yield what can go wrong at each of these operations, the first being number 1."""
    times: Counter[tuple[str, str]] = Counter()
    for number, operation in enumerate(operations, start=1):
        times[operation.process, operation.site] += 1
        for kind in FAULTS[operation.port]:
            if kind not in RARE or times[operation.process, operation.site] <= OFTEN:
                yield Fault(number, kind)
