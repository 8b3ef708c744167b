"""Follow-ups delivered five times in random order, to workers that fail and die at every operation."""

from collections.abc import Sequence
from random import Random
from typing import Final

import pytest

from libs.coach_conversation.store.table import Item
from libs.coach_conversation.types import Task
from tests.conftest import Figures
from tests.faults import effects, invariants
from tests.faults.carrying import Carried
from tests.faults.fault_loop import SWEEP_S, faults_of, follow_up
from tests.faults.scenarios import LOGS, REMEMBERS
from tests.faults.shim import Fault
from tests.faults.watch import EFFECTS
from tests.faults.world import World

TIMES: Final = 5
LEAVES: Final[dict[str, tuple[Task, ...]]] = {"k-1": REMEMBERS, "k-2": LOGS}
SEEDS: Final = 10


def answered() -> tuple[list[Item], list[Carried]]:
    """Return the table after two turns, and the messages about their tasks."""
    world = World(leaves=LEAVES)
    for key in LEAVES:
        world.post(key)
        world.run_all()
    return list(world.table.table.all().values()), world.queue.take()


def delivered(
    items: Sequence[Item], messages: Sequence[Carried], seed: int, fault: Fault | None = None
) -> tuple[World, int]:
    """Deliver each message five times, all at once, and what is not done again; return also how far
    faults may strike.
    """
    world = World(seed, fault=fault, items=items, leaves=LEAVES)
    world.begun |= LEAVES.keys()
    world.queue.tasks = [(one.ref, one.turn_id, one.task) for one in messages]
    deliveries = [*messages] * TIMES
    Random(seed).shuffle(deliveries)
    for message in deliveries:
        world.deliver_task(message)
    world.run_all()
    points = len(world.operations)
    world.fault = None
    follow_up(world)
    return world, points


def wrong_in(world: World) -> list[str]:
    return [str(violation) for violation in (*world.violations, *effects.check(world))]


def kept(world: World) -> set[str]:
    return {kind for at in world.table.table.all() if (kind := at.sk.partition("#")[0]) in EFFECTS}


@pytest.mark.parametrize("seed", range(SEEDS))
def test_each_has_its_effect_once_in_whatever_order_it_is_delivered(seed: int) -> None:
    world, _ = delivered(*answered(), seed)
    assert wrong_in(world) == []


def test_each_has_its_effect_once_whatever_fails_at_whatever_operation(figures: Figures) -> None:
    items, messages = answered()
    plain, points = delivered(items, messages, 0)
    faults = list(faults_of(plain.operations[:points]))
    for fault in faults:
        world, _ = delivered(items, messages, 0, fault)
        assert (fault, wrong_in(world)) == (fault, [])
        assert kept(world) == {"MEM", "SUM", "WKT"}
    figures(
        f"{len(messages)} follow-ups delivered {TIMES} times each in random order, with {len(faults)} faults "
        f"at all of their {points} operations: each effect once"
    )


def test_a_process_that_dies_between_t2_and_the_queue_leaves_its_tasks_to_the_sweeper(
    figures: Figures,
) -> None:
    longest_s = 0.0
    for kind in ("kill", "kill after"):
        plain = World(leaves=LEAVES)
        plain.post("k-1")
        plain.run_all()
        sends = [number for number, call in enumerate(plain.operations, 1) if call.site == "follow_ups.send"]
        assert len(sends) == len(REMEMBERS) + 1
        for number in sends:
            longest_s = max(longest_s, _swept(Fault(number, kind)))
    figures(f"a process killed between T2 and SQS: its follow-ups are done {longest_s:.1f} s later at most")
    assert longest_s <= SWEEP_S + 60.0


def _swept(fault: Fault) -> float:
    """Kill, sweep each minute, and return how long after the kill all was done."""
    world = World(fault=fault, leaves=LEAVES)
    world.post("k-1")
    world.run_all()
    killed_s = world.now_s
    world.fault = None
    for _ in range(2):
        world.run(SWEEP_S)
        world.sweep()
        world.run_all()
        follow_up(world)
        if not effects.check(world):
            break
    assert invariants.check(world) == []
    return world.now_s - killed_s
