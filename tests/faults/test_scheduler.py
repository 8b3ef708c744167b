"""One seed is one order; one task runs at a time; time jumps to when something happens."""

from dataclasses import dataclass

import pytest

from tests.faults.scheduler import Killed, Scheduler, Stuck, wait
from tests.faults.waiting import SeededExecutor, WaitingQueue


@dataclass(eq=False)
class Owner:
    dead: bool = False
    stalled_until_s: float = 0.0


def order(seed: int) -> list[str]:
    """Return in which order three tasks take three steps each."""
    scheduler, taken = Scheduler(seed), []

    def steps(name: str) -> None:
        for _ in range(3):
            scheduler.switch()
            taken.append(name)

    for name in "abc":
        scheduler.spawn(lambda name=name: steps(name))  # type: ignore[misc]  # mypy: a lambda's default
    assert scheduler.run(lambda: not scheduler.has_tasks, limit_s=1.0)
    return taken


def test_a_seed_is_an_order_and_seeds_differ() -> None:
    assert order(7) == order(7)
    assert len({tuple(order(seed)) for seed in range(10)}) > 5


def test_time_moves_only_when_nobody_can_go_on_and_then_at_once() -> None:
    scheduler, times = Scheduler(0), []

    def sleep(seconds: float) -> None:
        scheduler.wait(None, seconds)
        times.append(scheduler.now_s)

    for seconds in (3600.0, 1.0, 60.0):
        scheduler.spawn(lambda seconds=seconds: sleep(seconds))  # type: ignore[misc]  # mypy: as above
    scheduler.pause(100.0)
    assert (times, scheduler.now_s) == ([1.0, 60.0], 100.0)
    scheduler.pause(4000.0)
    assert times == [1.0, 60.0, 3600.0]


def test_work_of_an_executor_is_waited_for_in_virtual_time() -> None:
    scheduler, owner, found = Scheduler(0), Owner(), []
    executor = SeededExecutor(scheduler, owner)

    def slow() -> str:
        scheduler.wait(None, 5.0)
        return "done"

    def work() -> None:
        future = executor.submit(slow)
        with pytest.raises(TimeoutError):
            future.result(timeout=2.0)
        found.append((future.result(timeout=4.0), scheduler.now_s))

    scheduler.spawn(work, owner)
    scheduler.pause(10.0)
    assert found == [("done", 5.0)]


def test_a_dead_process_wakes_up_only_to_end() -> None:
    scheduler, owner, queue = Scheduler(0), Owner(), WaitingQueue[str]()
    ended = []

    def work() -> None:
        try:
            queue.get()
        except Killed:
            ended.append(scheduler.now_s)
            raise

    scheduler.spawn(work, owner)
    scheduler.pause(3.0)
    owner.dead = True
    scheduler.pause(1.0)
    assert (ended, scheduler.has_tasks) == ([3.0], False)


def test_a_stalled_process_goes_on_later_and_what_it_waited_for_is_there() -> None:
    scheduler, owner, queue = Scheduler(0), Owner(), WaitingQueue[str]()
    got = []
    scheduler.spawn(lambda: got.append((queue.get(), scheduler.now_s)), owner)
    scheduler.pause(1.0)
    owner.stalled_until_s = 9.0
    queue.put("late")
    scheduler.pause(20.0)
    assert got == [("late", 9.0)]


def test_what_a_task_raises_is_raised_where_the_test_runs() -> None:
    scheduler = Scheduler(0)
    scheduler.spawn(lambda: [][0])
    with pytest.raises(IndexError):
        scheduler.pause(1.0)


def test_only_a_task_can_wait() -> None:
    with pytest.raises(Stuck):
        wait(lambda: True, 1.0)
