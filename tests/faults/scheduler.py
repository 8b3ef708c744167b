"""A seeded scheduler: threads that pass one baton, on a clock that jumps to when something happens.

Exactly one task runs at a time. It gives the baton away where it waits, and at every call to a port;
who gets it next is drawn from the seed. When nobody can go on, time moves to the earliest moment at
which somebody can. So one seed is one order of all events, and a run takes no longer than its work.
"""

import math
import threading
from collections.abc import Callable
from random import Random
from typing import Final, Protocol


class Killed(BaseException):
    """The process of this task is dead: whatever the task would still do has no effect."""


class Stuck(AssertionError):
    """Something waits that nothing will ever wake."""


class Owner(Protocol):
    """The process that a task belongs to; `stalled_until_s`: frozen till then, and unaware of it."""

    dead: bool
    stalled_until_s: float


class Task:
    """A piece of work on a thread, waiting till `ready` or till a moment; `go` is released to let it run."""

    __slots__ = ("go", "owner", "ready", "scheduler", "until_s")

    def __init__(self, scheduler: "Scheduler", owner: Owner | None, go: threading.Lock) -> None:
        self.scheduler, self.owner, self.go = scheduler, owner, go
        self.ready: Callable[[], bool] | None = None
        self.until_s = -math.inf

    def wakes_s(self, now_s: float) -> float:
        """Return when the task can go on: now, later, or never (infinity)."""
        owner = self.owner
        if owner is not None and owner.dead:
            return now_s
        own_s = now_s if self.ready is not None and self.ready() else self.until_s
        return max(own_s, owner.stalled_until_s) if owner is not None else own_s


_running = threading.local()


class Crew:
    """Threads that are used again: to start one takes longer than most tasks do."""

    def __init__(self) -> None:
        self._idle: list[_Hand] = []

    def hand(self) -> "_Hand":
        return self._idle.pop() if self._idle else _Hand(self._idle)

    def dismiss(self) -> None:
        """End the threads that have nothing to do."""
        while self._idle:
            hand = self._idle.pop()
            hand.job = None
            hand.go.release()
            hand.join()


class _Hand(threading.Thread):
    def __init__(self, idle: "list[_Hand]") -> None:
        super().__init__(daemon=True)
        self._idle = idle
        self.go = _held_lock()
        self.job: Callable[[], Callable[[], None]] | None = None
        self.start()

    def run(self) -> None:
        while True:
            self.go.acquire()
            if self.job is None:
                return
            pass_on = self.job()
            self._idle.append(self)
            pass_on()


def _held_lock() -> threading.Lock:
    lock = threading.Lock()
    lock.acquire()
    return lock


CREW: Final = Crew()


def wait(ready: Callable[[], bool], timeout_s: float | None) -> bool:
    """Wait as the task that this thread is; see `Scheduler.wait`."""
    task: Task | None = getattr(_running, "task", None)
    if task is None:
        raise Stuck("only a task of a scheduler can wait")
    return task.scheduler.wait(ready, timeout_s)


class Scheduler:
    """Runs tasks one at a time, in an order drawn from `seed`. Units: `now_s` from 0, in virtual seconds."""

    def __init__(self, seed: int) -> None:
        self.now_s = 0.0
        self.switches = 0
        self._random = Random(seed)
        self._tasks: list[Task] = []
        self._failures: list[BaseException] = []
        self._outside = Task(self, None, _held_lock())
        self._until: Callable[[], bool] = lambda: True
        self._limit_s = 0.0

    def spawn(self, work: Callable[[], None], owner: Owner | None = None) -> None:
        """Begin `work` when the baton comes to it; `run` raises what it raises, Killed excepted."""
        hand = CREW.hand()
        task = Task(self, owner, hand.go)
        hand.job = lambda: self._run_task(task, work)
        self._tasks.append(task)

    @property
    def has_tasks(self) -> bool:
        return bool(self._tasks)

    def has_tasks_of(self, owner: Owner) -> bool:
        """Whether this process is alive and has something to do."""
        return not owner.dead and any(task.owner is owner for task in self._tasks)

    def run(self, until: Callable[[], bool], *, limit_s: float) -> bool:
        """Let tasks run until `until` holds or `limit_s` more seconds have passed; False: they have."""
        self._until, self._limit_s = until, self.now_s + limit_s
        chosen = self._choose()
        if chosen is not self._outside:
            chosen.go.release()
            self._outside.go.acquire()
        if self._failures:
            raise self._failures[0]
        return until()

    def pause(self, seconds: float) -> None:
        """Let this many seconds pass."""
        self.run(lambda: False, limit_s=seconds)

    def switch(self) -> None:
        """Give the baton to whoever the seed says, perhaps back to this task. Raises Killed."""
        self.wait(None, 0.0)

    def wait(self, ready: Callable[[], bool] | None, timeout_s: float | None) -> bool:
        """Wait in virtual time until `ready` holds; False when it does not in time. Raises Killed."""
        task: Task = _running.task
        task.ready = ready
        task.until_s = math.inf if timeout_s is None else self.now_s + timeout_s
        self._give_away(task)
        if task.owner is not None and task.owner.dead:
            raise Killed
        return ready is not None and ready()

    def _run_task(self, task: Task, work: Callable[[], None]) -> Callable[[], None]:
        """Do the work; return how the baton is passed on."""
        _running.task = task
        try:
            work()
        except Killed:
            pass
        except BaseException as error:  # noqa: BLE001 - `run` raises it, in the thread that runs the test
            self._failures.append(error)
        self._tasks.remove(task)
        return self._choose().go.release

    def _give_away(self, task: Task) -> None:
        self.switches += 1
        chosen = self._choose()
        if chosen is not task:
            chosen.go.release()
            task.go.acquire()

    def _choose(self) -> Task:
        """Return who goes on; moves the time where nobody can go on now."""
        while not self._until():
            wakes = [(task.wakes_s(self.now_s), task) for task in self._tasks]
            able = [task for wakes_s, task in wakes if wakes_s <= self.now_s]
            if able:
                return able[self._random.randrange(len(able))] if len(able) > 1 else able[0]
            next_s = min((wakes_s for wakes_s, _ in wakes), default=math.inf)
            if next_s > self._limit_s:
                self.now_s = self._limit_s if self._limit_s < math.inf else self.now_s
                break
            self.now_s = next_s
        return self._outside
