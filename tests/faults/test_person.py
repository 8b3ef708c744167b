"""Every fault at every operation of a deletion of all data, beside a turn, a follow-up and two who write.

Nothing of the person is left, and nothing comes back: not by the turn, not by the follow-up, and not by a
process that stood still while all was deleted.
"""

import json
from typing import Any, Final

from libs.coach_conversation.personal_data import tombstones
from libs.coach_conversation.store import items
from libs.coach_conversation.store.table import Item, Key
from libs.coach_conversation.types import ConversationRef, UserId
from stream_coach.deliveries import coach_json, conversation_json, person_json, worker
from tests.fakes.ports import ALICE, REF, conversation_items
from tests.faults.conftest import Figures
from tests.faults.fault_loop import faults_of, settle
from tests.faults.shim import Fault
from tests.faults.world import World

HERS: Final[Item] = {
    **items.memory_key(ALICE, "01M7YHX3000000000000000000")._asdict(),
    "memoryId": "01M7YHX3000000000000000000",
    "content": "My right hip clicks.",
    "type": "constraint",
    "importance": "high",
    "isCoachSpecific": False,
    "tags": [],
    "coachId": REF.coach_id,
    "createdAt": "2026-11-20T08:00:00.000Z",
    "updatedAt": "2026-11-20T08:00:00.000Z",
}
BOBS: Final = ConversationRef(UserId("bob"), REF.coach_id, REF.conversation_id)


class Leaving(World):
    """A person of whom much is kept, who wants all of it deleted."""

    def __init__(self, seed: int = 0, **options: Any) -> None:
        super().__init__(seed, items=[HERS, *conversation_items(BOBS)], **options)

    def leave(self) -> None:
        self._ask("", person_json.delete_data)

    def write(self) -> None:
        """Set up a coach, and begin a conversation."""
        self._ask("", coach_json.save_coach, body={"name": "Nova", "persona": "Brisk."})
        self._ask("", conversation_json.create_conversation)

    def remember(self, key: str) -> None:
        """Let the worker have a follow-up of the turn."""
        message = {"messageId": key, "body": json.dumps({**self._params(key), "task": "memory"})}
        self.invoke(self.process("worker"), lambda ports: worker.work([message], self._context(ports), ports))

    @property
    def stored(self) -> dict[Key, Any]:
        return self.table.table.all()


def left(fault: Fault | None = None, *, seed: int = 0) -> tuple[Leaving, int, int]:
    """Delete all beside everything else, and recover; return also between which operations faults strike."""
    world = Leaving(seed, fault=fault)
    world.post("k-0")
    world.run_all()
    before = len(world.operations)
    world.post("k-1")
    world.run(0.9)
    world.remember("k-0")
    world.write()
    world.leave()
    world.run_all()
    points = len(world.operations)
    world.fault = None
    settle(world)
    if tombstones.key(ALICE) not in world.stored:
        world.leave()
        settle(world)
    return world, before, points


def ours(world: Leaving) -> list[str]:
    """Return what is left of the person, but for what was written by whoever began when all was over."""
    begun, saved = began_later(world, "create_conversation"), began_later(world, "save_coach")
    allowed = (*(("COACH#",) if begun or saved else ()), *(("CONV#", "META") if begun else ()))
    found = [(key, item) for key, item in world.stored.items() if ALICE in f"{key} {item}"]
    return [key.sk for key, item in found if not key.sk.startswith(allowed) or item.get("messageCount")]


def began_later(world: Leaving, name: str) -> bool:
    """Whether this process looked for the tombstone only when the deletion was over, or may have."""
    over = [
        number
        for number, done in enumerate(world.operations)
        if (done.site, done.port) == ("erasure.go_on", "commit")
    ]
    mine = [number for number, done in enumerate(world.operations) if done.process.startswith(name)]
    struck = world.struck
    slept = struck is not None and struck.process.startswith(name) and struck.port == "read"
    return slept or (bool(mine) and bool(over) and mine[0] > over[0])


def wrong_in(world: Leaving) -> list[str]:
    """Return what should not be, in words.

    A process that stood still may say `start` of what is deleted, a turn that cannot be saved waits for the
    sweeper as the deletion does, and the table of transitions does not know follow-ups.
    """
    foreseen = ("I1", "I6", "lease", "table")
    found = [str(violation) for violation in world.violations if violation.invariant not in foreseen]
    if hers := ours(world):
        found.append(f"left: {hers}")
    if tombstones.is_deleting(world.stored.get(tombstones.key(ALICE))):
        found.append("the tombstone stands")
    bobs = [key for key in world.stored if "bob" in key.pk]
    if len(bobs) != len(conversation_items(BOBS)):
        found.append(f"of somebody else there is {bobs}")
    for reader in world.readers:
        ends = [seen.kind for seen in reader.seen if seen.is_terminal]
        if reader.outcome == "ended" and len(ends) != 1:
            found.append(f"{reader} was told {ends}")
    return found


def test_nothing_of_a_person_who_leaves_is_left_or_comes_back_whatever_fails(figures: Figures) -> None:
    for seed in range(8):
        assert wrong_in(left(seed=seed)[0]) == []
    plain, before, points = left()
    assert [answer.status for answer in plain.answers if answer.process.startswith("delete")] == [204]
    faults = [fault for fault in faults_of(plain.operations[:points]) if fault.number > before]
    assert [(fault, wrong) for fault in faults for wrong in wrong_in(left(fault)[0])] == []
    assert len(faults) > 150
    figures(
        f"all of a person's data deleted beside a turn, a follow-up and two who write, with {len(faults)} "
        "faults: nothing is left, nothing comes back"
    )
