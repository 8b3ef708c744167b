"""Every fault at every operation of an answer that is written anew: the old one is never lost for nothing."""

import pytest

from libs.coach_conversation.kept import follow_ups
from tests.faults import effects
from tests.faults.fault_loop import faults_of, follow_up, settle
from tests.faults.model import asks
from tests.faults.scenarios import LOGS
from tests.faults.shim import Fault
from tests.faults.world import World

AGAIN = "k-1 again"


def answered(fault: Fault | None) -> tuple[World, str]:
    """Return a world in which a message was answered, and the answer's id; its tasks wait in the queue."""
    world = World(fault=fault, leaves={"k-1": LOGS})
    world.post("k-1")
    world.run_all()
    record = world.record("k-1")
    assert record is not None
    return world, record.assistant_message_id


def written_anew(fault: Fault | None = None) -> World:
    """Play, recover, and ask for the same again."""
    world, answer_id = answered(fault)
    world.regenerate("k-1", answer_id)
    world.run_all()
    world.fault = None
    settle(world)
    world.regenerate("k-1", answer_id)
    settle(world)
    world.post("k-2")
    world.run_all()
    follow_up(world)
    return world


def wrong_in(world: World) -> list[str]:
    """Return what should not be, in words."""
    record, items = world.record(AGAIN), world.table.table.all()
    messages = [items[at] for at in sorted(items) if at.sk.startswith("M#")][:-2]
    said = [message["content"] for message in messages if message["role"] == "user"]
    answers = [message for message in messages if message["role"] == "assistant"]
    (meta,) = (item for at, item in items.items() if at.sk == "META")
    found = [str(violation) for violation in (*world.violations, *effects.check(world))]
    if record is None or not record.is_terminal:
        return [*found, f"the turn is {record}"]
    if said != [asks("k-1")]:
        found.append(f"said: {said}")
    complete = [answer["turnId"] for answer in answers if answer["status"] == "complete"]
    if complete != [world.turn_id(AGAIN if record.status == "completed" else "k-1")]:
        found.append(f"{record.status}, and the complete answers are of {complete}")
    if len(answers) != len(complete) + (record.has_reply and record.status != "completed"):
        found.append(f"{record.status}, and there are {len(answers)} answers")
    if meta["messageCount"] != len(messages) + 2 or "activeTurn" in meta:
        found.append(f"META is {meta}")
    ends = [
        reader.seen[-1].kind for reader in world.readers if reader.key == AGAIN and reader.outcome == "ended"
    ]
    if ends != len(ends) * ["complete" if record.status == "completed" else "error"]:
        found.append(f"{record.status}, and the readers were told {ends}")
    return found


def test_an_answer_written_anew_takes_the_place_of_the_old_one_whatever_fails() -> None:
    world, _ = answered(None)
    before = len(world.operations)
    plain = written_anew()
    assert wrong_in(plain) == []
    last = next(n for n, call in enumerate(plain.operations) if call.process.startswith("sweeper"))
    faults = [fault for fault in faults_of(plain.operations[:last]) if fault.number > before]
    assert [(fault, wrong) for fault in faults for wrong in wrong_in(written_anew(fault))] == []
    assert len(faults) > 60


def test_without_a_mark_on_the_message_s_first_turn_a_workout_is_logged_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(follow_ups, "OF_THE_MESSAGE", ())
    assert "2 effects of workout" in " ".join(wrong_in(written_anew()))
