"""What the fault loop plays: every way in which a turn can be asked for, run, ended and watched."""

from typing import Final

from libs.coach_conversation.errors import ModelStreamInterrupted, ModelThrottled, ModelUnavailable
from libs.coach_conversation.ports import Delta, Stop, ToolAnswer
from libs.coach_conversation.types import Task
from tests.fakes.model import ROUTER_USAGE
from tests.faults.fault_loop import Scenario
from tests.faults.model import Pause, spoken
from tests.faults.world import World


def _plain(world: World) -> None:
    world.post("k-1")


def _as_json(world: World) -> None:
    world.post_for_json("k-1")
    world.run(0.7)
    world.poll("k-1")


def _cancelled(world: World) -> None:
    world.post("k-1")
    world.run(0.9)
    world.cancel("k-1")


def _attached(world: World) -> None:
    world.begin("k-1", "attach")
    world.run_all()
    world.resume("k-1")


def _never_attached(world: World) -> None:
    world.begin("k-1", "attach")
    world.run(63.0)
    world.sweep()


def _cancelled_while_pending(world: World) -> None:
    world.begin("k-1", "queued")
    world.run_all()
    world.cancel("k-1")


def _queued(world: World) -> None:
    world.begin("k-1", "queued")
    world.run_all()
    for key in world.take_sent():
        world.deliver(key)


def _sent_again(world: World) -> None:
    """A queued turn whose message was lost: the sweeper sends it again."""
    world.begin("k-1", "queued")
    world.run_all()
    world.take_sent()
    world.run(63.0)
    world.sweep()
    world.run_all()
    for key in world.take_sent():
        world.deliver(key)


def _folded(world: World) -> None:
    """A turn whose process died with something logged, and the next message that finds it."""
    died = world.post("k-0")
    world.run(1.2)
    world.process_of(died).kill()
    world.run(18.1)
    world.post("k-1")


def _claimed(world: World) -> None:
    """A turn whose process died before anything was logged: sent again, it is run again."""
    died = world.post("k-1")
    world.run(0.3)
    world.process_of(died).kill()
    world.run(18.1)
    world.post("k-1")


def _watched(world: World) -> None:
    """Two more clients come while the turn runs: one with the same key, one behind an event."""
    world.post("k-1")
    world.run(0.6)
    world.post("k-1")
    world.resume("k-1", after=3)


def _stalled(world: World) -> None:
    """A process stands still before anything was logged; the turn is run again, and then it wakes up."""
    stalled = world.post("k-1")
    world.run(0.3)
    world.stall(world.process_of(stalled), 18.0)
    world.run(17.0)
    world.post("k-1")


def _stalled_late(world: World) -> None:
    """A process stands still with something logged; the turn is folded, and then it wakes up."""
    stalled = world.post("k-1")
    world.run(1.2)
    world.stall(world.process_of(stalled), 25.0)
    world.run(18.5)
    world.sweep()


def _long(world: World) -> None:
    """A turn longer than its lease, with a sweep now and then."""
    world.post("k-1")
    for _ in range(5):
        world.run(5.0)
        world.sweep()


def _busy(world: World) -> None:
    world.post("k-1")
    world.post("k-2")


def _twins(world: World) -> None:
    """Two POSTs with one key at the same instant."""
    world.post("k-1")
    world.post("k-1")


def _followed_up(world: World) -> None:
    world.post("k-1")
    world.run_all()
    world.deliver_tasks()


def _delivered_twice(world: World) -> None:
    """SQS delivers at least once: two workers are at each task at the same time."""
    world.post("k-1")
    world.run_all()
    for message in world.queue.take() * 2:
        world.deliver_task(message)


def _out_of_order(world: World) -> None:
    """Two turns are summed up at once, the later one first."""
    for key in ("k-1", "k-2"):
        world.post(key)
        world.run_all()
    for message in reversed(world.queue.take()):
        world.deliver_task(message)


def _poisoned(world: World) -> None:
    """A task that fails whenever it is delivered."""
    world.post("k-1")
    world.run_all()
    while world.queue.waiting:
        world.deliver_tasks()
        world.run_all()


LOGS: Final[tuple[Task, ...]] = ("workout", "summary")
REMEMBERS: Final[tuple[Task, ...]] = ("memory", "summary")
AWAY: Final = ((ModelUnavailable("away"),),)
MALFORMED: Final = ((ToolAnswer("a word", ROUTER_USAGE),),)
SECOND_CHANCE: Final = ((ModelThrottled("slow down"),), (ModelUnavailable("away"),), spoken("third"))
BROKEN: Final = ((Pause(0.3), Delta("half "), Pause(0.6), ModelStreamInterrupted("gone")),)
SILENT: Final = ((Pause(0.3), Delta("half "), Pause(40.0), Stop("end_turn")),)
SCENARIOS: Final = (
    Scenario("plain", _plain),
    Scenario(
        "second chances",
        _plain,
        {"k-1": SECOND_CHANCE},
    ),
    Scenario(
        "broken off",
        _plain,
        {"k-1": BROKEN},
        {"k-1": "failed"},
    ),
    Scenario("as json", _as_json),
    Scenario("cancelled", _cancelled, ends={"k-1": "cancelled"}),
    Scenario(
        "cancelled in silence",
        _cancelled,
        {"k-1": SILENT},
        {"k-1": "cancelled"},
    ),
    Scenario("attached", _attached),
    Scenario("never attached", _never_attached, ends={"k-1": "interrupted"}),
    Scenario("cancelled while pending", _cancelled_while_pending, ends={"k-1": "cancelled"}),
    Scenario("queued", _queued),
    Scenario("sent again", _sent_again),
    Scenario("folded", _folded, ends={"k-0": "interrupted", "k-1": "completed"}),
    Scenario("claimed", _claimed),
    Scenario("watched", _watched),
    Scenario("busy", _busy, ends={}),
    Scenario("twins", _twins),
    Scenario("stalled", _stalled),
    Scenario("stalled late", _stalled_late, ends={"k-1": "interrupted"}),
    Scenario("followed up", _followed_up, leaves={"k-1": REMEMBERS}),
    Scenario("delivered twice", _delivered_twice, leaves={"k-1": LOGS}),
    Scenario(
        "out of order",
        _out_of_order,
        ends={"k-1": "completed", "k-2": "completed"},
        leaves={"k-1": ("summary",), "k-2": ("summary",)},
    ),
    Scenario("a task that always fails", _poisoned, {"k-1 save_workout": AWAY}, leaves={"k-1": ("workout",)}),
    Scenario("a malformed answer", _poisoned, {"k-1 save_memory": MALFORMED}, leaves={"k-1": ("memory",)}),
    Scenario("cancelled with tasks", _cancelled, ends={"k-1": "cancelled"}, leaves={"k-1": LOGS}),
)
LONG: Final = Scenario("long", _long, {"k-1": (spoken("long", deltas=44, pause_s=0.5),)})
"""Too long for a loop over all its operations."""
