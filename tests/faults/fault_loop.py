"""The fault loop: a scenario with a fault at one operation, then recovery, a retry, and one more turn."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tests.faults import invariants
from tests.faults.model import Script
from tests.faults.shim import FAULTS, Fault, Operation, Violation
from tests.faults.world import World

SWEEP_S = 60.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is done to a world; `play` returns when all is asked for, not when it is answered."""

    name: str
    play: Callable[[World], None]
    scripts: Mapping[str, Sequence[Script]] = field(default_factory=dict)


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
    world = World(seed, fault=fault, scripts=scenario.scripts)
    try:
        scenario.play(world)
        world.run_all()
        points = len(world.operations)
        world.fault = None
        if checked:
            recover(world, at_once=fault is not None and fault.number % 2 == 1)
        return Run(world, fault, world.struck, points, tuple(invariants.check(world)))
    finally:
        world.close()


def recover(world: World, *, at_once: bool) -> None:
    """Send everything again, at once or when the leases are over; sweep; come back; say something new.

    A client that comes back does so under the last id it saw, to another process.
    """
    keys = sorted({reader.key for reader in world.readers} | world.begun)
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
    again = [call.key for call in world.calls[calls:] if call.key in known]
    if again:
        world.violations.append(Violation("I2", f"a model was called for {again}, which had ended"))
    last = world.post("another")
    world.run_all()
    if last.last is None or last.last.kind != "complete":
        world.violations.append(Violation("usable", f"the next turn ends with {last.outcome} {last.last}"))


def _send_again(keys: Sequence[str], world: World) -> None:
    for key in keys:
        reader = world.post(key)
        world.run_all()
        if reader.outcome not in ("ended", "CONVERSATION_BUSY"):
            world.violations.append(Violation("usable", f"sent again, {key} gets {reader.outcome}"))


def settle(world: World) -> None:
    """Let leases and waiting times run out, with a sweep each minute and a worker for what is sent."""
    for _ in range(3):
        world.run(SWEEP_S)
        world.sweep()
        world.run_all()
        for key in world.take_sent():
            world.deliver(key)
            world.run_all()


def first_violation(scenario: Scenario, *, seeds: int = 1) -> tuple[Run, Violation] | None:
    """Play until something is violated; None when nothing is."""
    for seed in range(seeds):
        for played in every_fault(scenario, seed=seed):
            if played.violations:
                return played, played.violations[0]
    return None


def every_fault(scenario: Scenario, *, seed: int = 0) -> Iterator[Run]:
    """Play the scenario without a fault, then with each fault at each of its operations."""
    plain = run(scenario, seed=seed)
    yield plain
    for number, operation in enumerate(plain.world.operations[: plain.points], start=1):
        for kind in FAULTS[operation.port]:
            yield run(scenario, Fault(number, kind), seed=seed)
