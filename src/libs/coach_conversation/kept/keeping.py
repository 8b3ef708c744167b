"""What is kept of a person, read beside the router, and what of it an answer is given."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final

from libs.coach_conversation import prompts
from libs.coach_conversation.errors import StoreUnavailable
from libs.coach_conversation.inbox import Inbox
from libs.coach_conversation.kept import entries, memories, notes, recalling, workout_lines, workouts
from libs.coach_conversation.kept.recalling import Found, Result, Search
from libs.coach_conversation.ports import Ports
from libs.coach_conversation.router import Analysis
from libs.coach_conversation.store import items
from libs.coach_conversation.store.table import Item, Key
from libs.coach_conversation.types import ConversationRef, Message
from libs.memory import recall, traces
from libs.memory.errors import MemoryUnavailable
from libs.memory.types import Memory, Recalled
from libs.streaming.events import Notice, Recall

UNREAD: Final = Notice("fallback", "I cannot look up my notes on you right now; I go by what you say here.")
UNSEARCHED: Final = Notice("fallback", "I cannot search my older notes on you now; I go by the latest ones.")


@dataclass(frozen=True, slots=True)
class Kept:
    """The newest memories that the coach may use, and their items."""

    memories: tuple[Memory, ...] = ()
    stored: Mapping[Key, Item] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Known:
    """What of it an answer is given, and what the person is told about that."""

    recalled: tuple[Recalled, ...] = ()
    found: tuple[Found, ...] = ()
    workouts: tuple[Item, ...] = ()
    notice: Notice | None = None

    @property
    def events(self) -> tuple[Recall | Notice, ...]:
        receipts = (*map(memories.receipt, self.recalled), *map(recalling.receipt, self.found))
        return (*([Recall(receipts)] if receipts else ()), *([self.notice] if self.notice else ()))

    @property
    def texts(self) -> tuple[str, ...]:
        """The parts of the prompt that say it, fenced."""
        notes = prompts.as_data(memories.lines(self.recalled))
        found = prompts.as_data(recalling.lines(self.found))
        log = prompts.as_data(workout_lines.lines(self.workouts))
        return (
            *([prompts.render("coach_memories", memories=notes)] if notes else ()),
            *([prompts.render("coach_recalled", recalled=found)] if found else ()),
            *([prompts.render("coach_workouts", workouts=log)] if log else ()),
        )

    def given(self, answer: str) -> tuple[str, ...]:
        """Return the names of the memories that this answer may repeat."""
        told = [one.memory for one in self.recalled if traces.may_repeat(answer, one.memory.content)]
        names = [*map(entries.told, told), *(name for one in self.found for name in one.entry.given)]
        return tuple(dict.fromkeys(names))


@dataclass(frozen=True, slots=True)
class Gathering:
    """What is being read and searched for an answer; None where the router says that it is not needed."""

    kept: Future[Kept]
    workouts: Future[tuple[Item, ...]] | None
    search: Future[Result] | None
    asked: Search


def begin(ref: ConversationRef, ports: Ports, *, limit: int = memories.READ) -> Future[Kept]:
    """Begin to read the newest memories: one query, beside whatever comes next."""
    return ports.executor.submit(lambda: _kept(memories.newest(ref.user_id, ports.table, limit=limit), ref))


def _kept(found: Sequence[Item], ref: ConversationRef) -> Kept:
    return Kept(
        memories.for_coach(found, ref.coach_id),
        {items.memory_key(ref.user_id, item["memoryId"]): item for item in found},
    )


def gather(
    text: str,
    ref: ConversationRef,
    analysis: Analysis,
    seen: Sequence[Message],
    reading: Future[Kept],
    ports: Ports,
) -> Gathering:
    """Begin what the router says is needed, each beside the other. `seen`: what the prompt holds anyway.

    Where there is no index, more memories are read, to be searched by their words.
    """
    now_ms, table, types = ports.clock.now_ms(), ports.table, recalling.wanted(analysis)
    said: dict[str, str] = {message.message_id: message.model_text for message in seen}
    asked = Search(text, ref, types, said, now_ms)
    by_words = "memory" in types and ports.vectors is None
    return Gathering(
        kept=begin(ref, ports, limit=memories.SEARCHED) if by_words else reading,
        workouts=ports.executor.submit(lambda: workouts.recent(ref.user_id, table))
        if wants_workouts(analysis)
        else None,
        search=ports.executor.submit(lambda: recalling.search(asked, reading.result().stored, ports))
        if types and ports.vectors is not None
        else None,
        asked=asked,
    )


def known(gathering: Gathering, inbox: Inbox, ports: Ports) -> Known:
    """Return what the answer is given of what came in time, and a notice where something did not."""
    until_s = ports.clock.monotonic_s() + ports.limits.recall_timeout_s
    asked = gathering.asked

    def arrived[T](future: Future[T] | None) -> T | None:
        if future is None:
            return None
        try:
            in_time = inbox.wait(future, max(0.0, until_s - ports.clock.monotonic_s()))
            return future.result() if in_time else None
        except (StoreUnavailable, MemoryUnavailable):
            return None

    kept, result, training = (
        arrived(gathering.kept),
        arrived(gathering.search),
        arrived(gathering.workouts),
    )
    if kept is None or (gathering.workouts is not None and training is None):
        notice = UNREAD if asked.types or gathering.workouts is not None else None
    else:
        notice = UNSEARCHED if gathering.search is not None and result is None else None
    recalled = _recalled(asked, kept or Kept(), result or Result())
    found = _beside(recalled, result or Result(), training or ())
    return Known(recalled, found, training or (), notice)


def _recalled(asked: Search, kept: Kept, result: Result) -> tuple[Recalled, ...]:
    """Return the memories to show, each once: what is pinned, what was found, and what only words find.

    What the index has judged is not found by its words again; the rest is not indexed, or not yet.
    """
    always = recall.pinned(kept.memories, limit=memories.PINNED)
    found = [Recalled(one.entry.memory, one.score, "search") for one in result.found if one.entry.memory]
    unindexed = [one for one in kept.memories if notes.memory_id(one.memory_id) not in result.looked_at]
    is_open = "memory" in asked.types and result.is_whole
    by_words = recall.by_words(asked.text, unindexed if is_open else (), limit=memories.RECALLED)
    pinned = {one.memory.memory_id for one in always}
    others = [one for one in (*found, *by_words) if one.memory.memory_id not in pinned]
    return (*always, *[one for one in others if not _is_said(one.memory, asked)][: memories.RECALLED])


def _is_said(memory: Memory, asked: Search) -> bool:
    """Whether the prompt holds the message that the memory was made of, and it still says the same."""
    said = asked.said.get(memory.memory_id)
    return said is not None and not traces.without(said, [memory.content])


def _beside(recalled: Sequence[Recalled], result: Result, training: Sequence[Item]) -> tuple[Found, ...]:
    """Return what else was found, without what the memories and the latest workouts say already."""
    latest = {workout["workoutId"] for workout in training}
    others = [one for one in result.found if one.entry.memory is None and one.entry.item_id not in latest]
    return recalling.shown(others, [one.memory.content for one in recalled])


def wants_workouts(analysis: Analysis) -> bool:
    """Whether the answer needs the person's training log."""
    return "workouts" in analysis.context_needs.search_types or analysis.user_intent == "progress_check"
