"""The tasks of a completed turn: every change of theirs, its condition beside it, as in `transitions`."""

from collections.abc import Sequence

from libs.coach_conversation import items
from libs.coach_conversation.ids import iso
from libs.coach_conversation.table import Absent, Equals, Exists, Update, Write
from libs.coach_conversation.types import ConversationRef, Task, TurnId


def sent(ref: ConversationRef, turn_id: TurnId, tasks: Sequence[Task]) -> list[Write]:
    """Follow-ups sent: followUps as read → cleared, and nothing is due any more."""
    key = items.turn_key(ref, turn_id)
    cleared = ("followUps", "gsi1pk", "gsi1sk", "dueAt")
    return [Update(key, remove=cleared, when=(Equals("followUps", list(tasks)),))]


def done(ref: ConversationRef, turn_id: TurnId, task: Task, *, now_ms: int) -> list[Write]:
    """Task done: not done → done; in the transaction of the task's effect."""
    mark = done_mark(task)
    update = Update(
        items.turn_key(ref, turn_id),
        set={mark: iso(now_ms)},
        remove=(failed_mark(task),),
        when=(Exists(), Absent(mark)),
    )
    return [update]


def failed(ref: ConversationRef, turn_id: TurnId, task: Task, reason: str) -> list[Write]:
    """Task failed: not done → failed, with the reason; who redrives it may still have it done."""
    key = items.turn_key(ref, turn_id)
    return [Update(key, set={failed_mark(task): reason}, when=(Exists(), Absent(done_mark(task))))]


def done_mark(task: Task) -> str:
    """Return the attribute that says when the task was done."""
    return f"done_{task}"


def failed_mark(task: Task) -> str:
    """Return the attribute that says why the task was given up."""
    return f"failed_{task}"
