"""Follow-ups: what is done with a completed turn after its answer, each task once.

A task's effect and the mark that it is done are one transaction. Delivered again, it finds the mark;
killed anywhere before, it begins anew.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final

from libs.coach_conversation import conversations
from libs.coach_conversation.errors import TaskFailed
from libs.coach_conversation.kept import indexing, memories, summaries, workouts
from libs.coach_conversation.kept.metering import MeteredModel
from libs.coach_conversation.personal_data import tombstones
from libs.coach_conversation.ports import Ports
from libs.coach_conversation.router import Analysis
from libs.coach_conversation.store import allowance, items, task_transitions
from libs.coach_conversation.store.table import ConditionFailed, Item, Write
from libs.coach_conversation.types import ConversationRef, Message, Task, TurnId, TurnRecord, Usage

type Effect = Callable[[TurnRecord, Message, Ports], list[Write]]

EFFECTS: Final[Mapping[Task, Effect]] = {
    "memory": memories.effect,
    "workout": workouts.effect,
    "summary": summaries.effect,
    "exchange": indexing.exchange_effect,
}

NOTHING_USED: Final = Usage()
OF_THE_MESSAGE: Final[Collection[Task]] = ("memory", "workout")
"""Tasks about what the person said, which an answer that is written anew leaves as it was."""


def planned(analysis: Analysis, since: Sequence[Message], *, indexed: bool = False) -> tuple[Task, ...]:
    """Return the tasks that a completed turn leaves behind; `since`: the messages since the last summary.

    What somebody asks to remember is kept as that, and not as an exchange too: it must be forgettable. What
    asked for care is kept as neither: nobody wants to be reminded of it by a search.
    """
    wanted: dict[Task, bool] = {
        "memory": analysis.memory_processing.is_memory_request,
        "workout": analysis.workout_detection.is_workout_log,
        "summary": analysis.conversation_complexity.needs_summary or summaries.is_due(since),
        "exchange": indexed
        and analysis.care_concern == "none"
        and not analysis.memory_processing.is_memory_request,
    }
    return tuple(task for task, is_wanted in wanted.items() if is_wanted)


def send(ref: ConversationRef, turn_id: TurnId, tasks: Sequence[Task], ports: Ports) -> None:
    """Send the tasks, a message each, and clear their mark.

    Raises  StoreUnavailable: the mark is still there, and the sweeper sends them all again
    """
    for task in tasks:
        ports.queue.send_task(ref, turn_id, task)
    with suppress(ConditionFailed):
        ports.table.commit(task_transitions.sent(ref, turn_id, tasks))


def run(task: Task, ref: ConversationRef, turn_id: TurnId, ports: Ports) -> None:
    """Do a task of a turn, once; where it was done already, or the turn is gone or going, nothing.

    What a model gets wrong twice will not get better: the task is marked as failed.

    Raises  StoreUnavailable, ModelFailed: the message must come again; TurnNotFound: it was never ours
    """
    key, tombstone = items.turn_key(ref, turn_id), tombstones.key(ref.user_id)
    found = ports.table.read([key, tombstone])
    item = found.get(key)
    if tombstones.is_deleting(found.get(tombstone)):
        return
    if item is None:
        conversations.check_deleted(ref, turn_id, ports)
        return
    if task_transitions.done_mark(task) in item:
        return
    record = items.turn_from(ref, item)
    metered = MeteredModel(ports.model)
    try:
        effect = _effect(task, record, replace(ports, model=metered))
    except TaskFailed as failure:
        fail(task, ref, turn_id, failure.reason, ports, usage=metered.usage)
        return
    now_ms = ports.clock.now_ms()
    marked = task_transitions.done(ref, turn_id, task, now_ms=now_ms, usage=metered.usage)
    done = [*marked, *allowance.spent(ref.user_id, metered.usage, now_ms, ports.limits)]
    writes = [*done, *effect, tombstones.unless_deleting(ref.user_id)]
    try:
        ports.table.commit(writes)
    except ConditionFailed as failed:
        # An effect that is refused alone is there already, or a newer one has overtaken it.
        if 0 not in failed.found and not tombstones.refused(failed, writes):
            with suppress(ConditionFailed):
                ports.table.commit(done)
    else:
        indexing.settle_written(effect, ports)


def _effect(task: Task, record: TurnRecord, ports: Ports) -> list[Write]:
    """Return what the task writes; nothing where an earlier turn about the same message did it.

    Where it did not, it is marked there too: of two turns about one message, only one has the effect.
    """
    said_key = items.message_key(record.conversation, record.user_message_id)
    found = ports.table.read([said_key]).get(said_key)
    if found is None:
        return []
    said = items.message_from(found)
    if task not in OF_THE_MESSAGE or said.turn_id == record.turn_id:
        return EFFECTS[task](record, said, ports)
    first = _turn(record, said.turn_id, ports)
    if task_transitions.done_mark(task) in first:
        return []
    there_too = task_transitions.done(record.conversation, said.turn_id, task, now_ms=ports.clock.now_ms())
    return [*EFFECTS[task](record, said, ports), *(there_too if first else [])]


def _turn(record: TurnRecord, turn_id: TurnId, ports: Ports) -> Item:
    key = items.turn_key(record.conversation, turn_id)
    return ports.table.read([key]).get(key, {})


def fail(
    task: Task,
    ref: ConversationRef,
    turn_id: TurnId,
    reason: str,
    ports: Ports,
    *,
    usage: Usage = NOTHING_USED,
) -> None:
    """Mark a task as failed, unless it was done. `reason` is a word, never a person's.

    Raises  StoreUnavailable
    """
    cost = allowance.spent(ref.user_id, usage, ports.clock.now_ms(), ports.limits)
    with suppress(ConditionFailed):
        ports.table.commit([*task_transitions.failed(ref, turn_id, task, reason, usage=usage), *cost])
        told = {"turnId": turn_id, "task": task, "reason": reason, **usage.to_json()}
        ports.journal.task_failed(told)
