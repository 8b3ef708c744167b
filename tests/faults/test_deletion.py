"""Every fault at every operation of a deletion beside a running turn: nothing of the conversation is left.

A client whose deletion was hidden from everybody cannot ask for it again, so the sweeper finishes it.
"""

from libs.coach_conversation.conversations import DELETED_COACH
from libs.coach_conversation.store.items import meta_key, partition
from tests.fakes.ports import REF
from tests.faults.fault_loop import faults_of, settle
from tests.faults.shim import Fault
from tests.faults.world import World


def deleted(fault: Fault | None = None) -> tuple[World, int]:
    """Delete a conversation with a turn, and recover; return also how far faults may strike."""
    world = World(fault=fault)
    world.post("k-1")
    world.run(0.9)
    world.delete()
    world.run_all()
    points = len(world.operations)
    world.fault = None
    settle(world)
    if begun(world) and not hidden(world):
        world.delete()
        settle(world)
    return world, points


def begun(world: World) -> bool:
    return meta_key(REF) in world.table.table.all()


def hidden(world: World) -> bool:
    return bool(world.table.table.all()[meta_key(REF)]["coachId"] == DELETED_COACH)


def wrong_in(world: World) -> list[str]:
    """Return what should not be, in words.

    A process that stood still may say `start` of what is deleted, and a deletion waits for its minute.
    """
    left = [at.sk for at in world.table.table.all() if at.pk == partition(REF)]
    (reader,) = world.readers
    ends = [seen.kind for seen in reader.seen if seen.is_terminal]
    found = [str(violation) for violation in world.violations if violation.invariant not in ("I1", "I6")]
    if left:
        found.append(f"left: {left}")
    if reader.outcome == "ended" and len(ends) != 1:
        found.append(f"the reader was told {ends}")
    return found


def test_nothing_of_a_deleted_conversation_is_left_or_comes_back_whatever_fails() -> None:
    plain, points = deleted()
    assert wrong_in(plain) == []
    assert [answer.status for answer in plain.answers] == [204]
    faults = list(faults_of(plain.operations[:points]))
    assert [(fault, wrong) for fault in faults for wrong in wrong_in(deleted(fault)[0])] == []
    assert len(faults) > 60
