"""The tasks of a completed turn: every change of theirs, its condition beside it, as in `transitions`."""

from collections.abc import Sequence
from typing import Any

from libs.coach_conversation.store import items
from libs.coach_conversation.store.ids import iso
from libs.coach_conversation.store.table import Absent, Equals, Exists, Update, Write
from libs.coach_conversation.types import ConversationRef, Task, TurnId, Usage


def sent(ref: ConversationRef, turn_id: TurnId, tasks: Sequence[Task]) -> list[Write]:
    """Follow-ups sent: followUps as read → cleared, and nothing is due any more."""
    key = items.turn_key(ref, turn_id)
    cleared = ("followUps", "gsi1pk", "gsi1sk", "dueAt")
    return [Update(key, remove=cleared, when=(Equals("followUps", list(tasks)),))]


def done(
    ref: ConversationRef, turn_id: TurnId, task: Task, *, now_ms: int, usage: Usage | None = None
) -> list[Write]:
    """Task done: not done → done, with what its models used; in the transaction of the task's effect."""
    mark = done_mark(task)
    update = Update(
        items.turn_key(ref, turn_id),
        set={mark: iso(now_ms), **_used(task, usage)},
        remove=(failed_mark(task),),
        when=(Exists(), Absent(mark)),
    )
    return [update]


def failed(
    ref: ConversationRef, turn_id: TurnId, task: Task, reason: str, *, usage: Usage | None = None
) -> list[Write]:
    """Task failed: not done → failed, with the reason; who redrives it may still have it done."""
    key, told = items.turn_key(ref, turn_id), {failed_mark(task): reason, **_used(task, usage)}
    return [Update(key, set=told, when=(Exists(), Absent(done_mark(task))))]


def _used(task: Task, usage: Usage | None) -> dict[str, Any]:
    return {f"usage_{task}": usage.to_json()} if usage is not None and usage.model_calls else {}


def done_mark(task: Task) -> str:
    """Return the attribute that says when the task was done."""
    return f"done_{task}"


def failed_mark(task: Task) -> str:
    """Return the attribute that says why the task was given up."""
    return f"failed_{task}"
