"""What is kept of a person, read beside the router, and what of it an answer is given."""

from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final

from libs.coach_conversation import memories, prompts, workout_lines, workouts
from libs.coach_conversation.errors import StoreUnavailable
from libs.coach_conversation.inbox import Inbox
from libs.coach_conversation.ports import Ports
from libs.coach_conversation.router import Analysis
from libs.coach_conversation.table import Item
from libs.coach_conversation.types import ConversationRef
from libs.memory.types import Memory, Recalled
from libs.streaming.events import Notice, Recall

UNREAD: Final = Notice("fallback", "I cannot look up my notes on you right now; I go by what you say here.")


@dataclass(frozen=True, slots=True)
class Kept:
    """The newest memories and the latest workouts."""

    memories: tuple[Memory, ...] = ()
    workouts: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """What of it an answer is given, and what the person is told about that."""

    recalled: tuple[Recalled, ...] = ()
    workouts: tuple[Item, ...] = ()
    notice: Notice | None = None

    @property
    def events(self) -> tuple[Recall | Notice, ...]:
        recall = Recall(tuple(memories.receipt(one) for one in self.recalled))
        return (*([recall] if self.recalled else ()), *([self.notice] if self.notice else ()))

    @property
    def texts(self) -> tuple[str, ...]:
        """The parts of the prompt that say it, fenced."""
        notes = prompts.as_data(memories.lines(self.recalled))
        log = prompts.as_data(workout_lines.lines(self.workouts))
        return (
            *([prompts.render("coach_memories", memories=notes)] if notes else ()),
            *([prompts.render("coach_workouts", workouts=log)] if log else ()),
        )


def begin(ref: ConversationRef, ports: Ports) -> Future[Kept]:
    """Begin to read: two queries, beside whatever comes next."""
    table = ports.table
    return ports.executor.submit(
        lambda: Kept(memories.newest(ref, table), workouts.recent(ref.user_id, table))
    )


def known(text: str, analysis: Analysis, reading: Future[Kept], inbox: Inbox, ports: Ports) -> Known:
    """Return what the answer is given; where it could not be read in time, nothing, and a notice."""
    searching, training = analysis.memory_processing.needs_retrieval, wants_workouts(analysis)
    try:
        kept = reading.result() if inbox.wait(reading, ports.limits.recall_timeout_s) else None
    except StoreUnavailable:
        kept = None
    if kept is None:
        return Known(notice=UNREAD if searching or training else None)
    return Known(
        memories.recalled(text, kept.memories, searching=searching), kept.workouts if training else ()
    )


def wants_workouts(analysis: Analysis) -> bool:
    """Whether the answer needs the person's training log."""
    return "workouts" in analysis.context_needs.search_types or analysis.user_intent == "progress_check"
