"""What must hold of follow-ups when all is over: each task of a completed turn had its effect, once."""

from collections.abc import Iterator

from libs.coach_conversation.store.table import Item
from tests.faults.model import keys_in
from tests.faults.shim import Violation
from tests.faults.watch import EFFECTS
from tests.faults.world import AGAIN, World


def check(world: World) -> list[Violation]:
    """Return what was violated; all that was sent must have been delivered."""
    items = world.table.table.all()
    turns = {item["turnId"]: item for at, item in items.items() if at.sk.startswith("TURN#")}
    kept = [
        (EFFECTS[kind], item) for at, item in items.items() if (kind := at.sk.partition("#")[0]) in EFFECTS
    ]
    found = [violation for turn in turns.values() for violation in _of_marks(turn, world)]
    for key in {key.removesuffix(AGAIN) for key in world.keys}:
        found += _of_message(key, turns, kept, world)
    return [*found, *_of_summary(world)]


def _of_marks(turn: Item, world: World) -> Iterator[Violation]:
    """What was sent is done, or given up with the reason; nothing else is."""
    turn_id = turn["turnId"]
    anew = {world.turn_id(key) for key in world.keys if f"{key}{AGAIN}" in world.keys}
    if turn.get("followUps"):
        yield Violation("follow-ups", f"{turn_id}: {turn['followUps']} were never sent")
    for task in EFFECTS.values():
        sent = any((one, name) == (turn_id, task) for _, one, name in world.queue.tasks)
        dead = any((one.turn_id, one.task) == (turn_id, task) for one in world.queue.dead)
        done, failed = f"done_{task}" in turn, f"failed_{task}" in turn
        if sent and turn["status"] != "completed":
            yield Violation("follow-ups", f"{turn_id} is {turn['status']}, and its {task} was sent")
        elsewhere = done and turn_id in anew
        if sent != (done or failed) and not elsewhere and not (dead and not _all_well(world)):
            yield Violation("follow-ups", f"{task} of {turn_id}: sent {sent}, done {done}, failed {failed}")
        if failed and not (dead or any("save_" in name for name in world.scripts)):
            yield Violation("follow-ups", f"{task} of {turn_id} has failed: {turn[f'failed_{task}']}")
        if done and failed:
            yield Violation("follow-ups", f"{task} of {turn_id} is done and has failed")


def _of_message(
    key: str, turns: dict[str, Item], kept: list[tuple[str, Item]], world: World
) -> Iterator[Violation]:
    """What a message leaves behind is kept once, by one of the turns that answered it.

    A router that failed, and was not killed, leaves nothing behind.
    """
    ids = [turn_id for name in (key, f"{key}{AGAIN}") if (turn_id := world.turn_id(name)) in turns]
    for task in ("memory", "workout"):
        effects = [item for kind, item in kept if kind == task and item["turnId"] in ids]
        wanted = task in world.leaves.get(key, ())
        done = any(f"done_{task}" in turns[turn_id] for turn_id in ids)
        failed = any(f"failed_{task}" in turns[turn_id] for turn_id in ids)
        if len(effects) != done or done > wanted:
            yield Violation("I8", f"{key}: {len(effects)} effects of {task}, done {done}, wanted {wanted}")
        answered = any(turns[turn_id]["status"] == "completed" for turn_id in ids)
        hindered = any(process.hindered for process in world.processes)
        if wanted and answered and not (done or failed or hindered or world.queue.dead):
            yield Violation("follow-ups", f"{key} is answered, and its {task} is lost")


def _all_well(world: World) -> bool:
    """Whether nothing went wrong with anybody: a worker that dies at the last delivery leaves no mark."""
    return all(process.is_well for process in world.processes)


def _of_summary(world: World) -> Iterator[Violation]:
    """A summary tells of every message that it is said to reach; the others are still word for word."""
    items = world.table.table.all()
    (meta,) = (item for at, item in items.items() if at.sk == "META")
    if "summaryUpTo" not in meta:
        return
    told = keys_in(meta["summary"]["narrative"])
    messages = [item for at, item in items.items() if at.sk.startswith("M#") and item["role"] == "user"]
    within = {
        key
        for item in messages
        if item["messageId"] <= meta["summaryUpTo"]
        for key in keys_in(item["content"])
    }
    if not within <= told:
        yield Violation("summary", f"it reaches {within} and tells of {told}")
