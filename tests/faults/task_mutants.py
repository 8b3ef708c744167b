"""Mutants of what comes behind a turn: follow-ups with one of their safeguards taken out."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import pytest

from libs.coach_conversation import recovery, running, sweeping
from libs.coach_conversation.kept import follow_ups, summaries
from libs.coach_conversation.ports import Ports
from libs.coach_conversation.store import task_transitions, transitions
from libs.coach_conversation.store.table import ConditionFailed, Either, Update, Write
from libs.coach_conversation.types import ConversationRef, Message, Task, TurnId, TurnRecord
from tests.faults.mutants import Mutant
from tests.faults.scenarios import SCENARIOS

type Effect = list[Write]


def effect_without_mark(patch: pytest.MonkeyPatch) -> None:
    """The effect is written, and then the mark."""
    original = follow_ups._effect

    def effect(task: Task, record: TurnRecord, ports: Ports) -> Effect:
        writes = original(task, record, ports)
        if writes:
            ports.table.commit(writes)
        return []

    patch.setattr(follow_ups, "_effect", effect)


def mark_before_effect(patch: pytest.MonkeyPatch) -> None:
    """The mark is written, and then the effect."""

    def run(task: Task, ref: ConversationRef, turn_id: TurnId, ports: Ports) -> None:
        record = recovery.find_turn(ref, turn_id, ports)
        assert record is not None
        try:
            ports.table.commit(task_transitions.done(ref, turn_id, task, now_ms=ports.clock.now_ms()))
        except ConditionFailed:
            return
        ports.table.commit(follow_ups._effect(task, record, ports))

    patch.setattr(follow_ups, "run", run)


def done_again(patch: pytest.MonkeyPatch) -> None:
    """Nobody asks whether the task was done."""

    def done(*args: Any, **named: Any) -> Effect:
        return [replace(write, when=()) for write in original(*args, **named)]

    original = task_transitions.done
    patch.setattr(task_transitions, "done", done)
    patch.setattr(task_transitions, "done_mark", lambda task: f"done_{task}" if task == "never" else "_")


def cleared_before_sent(patch: pytest.MonkeyPatch) -> None:
    """The mark of what is to be sent is cleared, and then it is sent."""

    def send(ref: ConversationRef, turn_id: TurnId, tasks: Sequence[Task], ports: Ports) -> None:
        ports.table.commit(task_transitions.sent(ref, turn_id, tasks))
        for task in tasks:
            ports.queue.send_task(ref, turn_id, task)

    patch.setattr(follow_ups, "send", send)


def not_in_t2(patch: pytest.MonkeyPatch) -> None:
    """T2 does not say what is left to do: only the process that ran the turn knows."""
    original = transitions.finish

    def finish(*args: Any, **named: Any) -> Effect:
        return original(*args, **{**named, "follow_ups": ()})

    patch.setattr(transitions, "finish", finish)


def sent_before_saved(patch: pytest.MonkeyPatch) -> None:
    """Tasks are sent however the turn ended."""
    patch.setattr(running, "Complete", object)


def sweeper_forgets(patch: pytest.MonkeyPatch) -> None:
    """The sweeper looks after turns and not after what they leave behind."""

    def send(*_: object) -> None:
        return None

    patch.setattr(sweeping, "follow_ups", type("Forgets", (), {"send": staticmethod(send)}))


def older_summary_wins(patch: pytest.MonkeyPatch) -> None:
    """Whoever sums up last is kept."""
    original = summaries.effect

    def effect(record: TurnRecord, said: Message, ports: Ports) -> Effect:
        return [_unordered(write) for write in original(record, said, ports)]

    patch.setattr(follow_ups, "EFFECTS", {**follow_ups.EFFECTS, "summary": effect})


def _unordered(write: Write) -> Write:
    if not isinstance(write, Update):
        return write
    return replace(write, when=tuple(clause for clause in write.when if not isinstance(clause, Either)))


_NAMED: Final = {scenario.name: scenario for scenario in SCENARIOS}
TASK_MUTANTS: Final = (
    Mutant("effect without its mark", effect_without_mark, _NAMED["followed up"], "I8"),
    Mutant("mark before the effect", mark_before_effect, _NAMED["followed up"], "I8"),
    Mutant("done again", done_again, _NAMED["delivered twice"], "I8"),
    Mutant("cleared before it is sent", cleared_before_sent, _NAMED["followed up"], "follow-ups"),
    Mutant("what is left is not in T2", not_in_t2, _NAMED["followed up"], "follow-ups"),
    Mutant("sent however it ended", sent_before_saved, _NAMED["cancelled with tasks"], "follow-ups"),
    Mutant("the sweeper forgets follow-ups", sweeper_forgets, _NAMED["followed up"], "follow-ups"),
    Mutant("the older summary wins", older_summary_wins, _NAMED["out of order"], "summary"),
)
