"""Summaries: the older part of a conversation in few words, rolled on every few messages.

An answer is given the summary and the messages since, so that its prompt stays bounded.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import accumulate
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, ConfigDict, Field

from libs.coach_conversation import prompts
from libs.coach_conversation.kept import extraction, notes
from libs.coach_conversation.kept.tools import ShortText, ToolInput, cut, tool_of
from libs.coach_conversation.ports import Ports, Prompt, Tool
from libs.coach_conversation.store import items
from libs.coach_conversation.store.table import (
    Absent,
    Either,
    Equals,
    Exists,
    Less,
    Put,
    Query,
    Update,
    Write,
)
from libs.coach_conversation.types import ConversationRef, Message, MessageId, Summary, TurnRecord

EVERY_MESSAGES: Final = 6
KEPT_MESSAGES: Final = 6
"""Messages that an answer sees word for word though they are summed up: what "the second one" means."""
BATCH: Final = 60
MAX_LINES: Final = 12
MAX_NARRATIVE: Final = 2000
MAX_MESSAGE: Final = 1500
MAX_SUMMARY: Final = 6000
"""Characters of all parts together: about 1,500 tokens of every prompt."""
MAX_WORD_FOR_WORD: Final = 40_000
"""Characters of the messages that an answer sees word for word."""

type Narrative = Annotated[str, BeforeValidator(lambda value: cut(value, MAX_NARRATIVE)), Field(min_length=1)]
type Lines = Annotated[
    tuple[ShortText, ...],
    BeforeValidator(lambda value: value[-MAX_LINES:] if isinstance(value, list) else value),
]


class SavedSummary(ToolInput):
    """A summary as a model wrote it; its members are in snake_case on the wire too."""

    model_config = ConfigDict(alias_generator=None)

    narrative: Narrative
    current_goals: Lines = ()
    recent_progress: Lines = ()
    training_preferences: Lines = ()
    schedule_constraints: Lines = ()
    key_insights: Lines = ()
    important_context: Lines = ()
    conversation_tags: Lines = ()


@cache
def tool() -> Tool:
    members = tuple(SavedSummary.model_fields)
    return tool_of("save_summary", "Write the summary.", SavedSummary, required=members)


def is_due(since: Sequence[Message]) -> bool:
    """Whether the messages since the last summary, with this turn's own two, are enough for the next."""
    return len(since) + 2 >= EVERY_MESSAGES


def since(history: Sequence[Message], summary: Summary | None) -> tuple[Message, ...]:
    """Return the messages that the summary does not hold."""
    return tuple(one for one in history if summary is None or one.message_id > summary.up_to)


def remaining(history: Sequence[Message], summary: Summary | None) -> tuple[Message, ...]:
    """Return the messages that an answer sees beside the summary: those since, and a few before.

    Where people write much, the oldest of them give way.
    """
    fresh = len(since(history, summary))
    latest = history[-max(fresh, KEPT_MESSAGES) :]
    sizes = accumulate(len(message.model_text) for message in reversed(latest))
    fitting = sum(size <= MAX_WORD_FOR_WORD for size in sizes)
    return tuple(latest[len(latest) - fitting :])


def effect(record: TurnRecord, _said: Message, ports: Ports) -> list[Write]:
    """Roll the summary on over the messages up to this turn's answer, and return the writes that keep it.

    A summary that reaches further than this one stays: tasks may come out of order.

    Raises  ExtractionMalformed, ModelFailed, StoreUnavailable
    """
    ref = record.conversation
    key = items.meta_key(ref)
    meta = ports.table.read([key]).get(key, {})
    previous = summary_from(meta)
    messages = _messages(ref, previous, record.assistant_message_id, ports)
    if not messages:
        return []
    found = extraction.extract(SavedSummary, build_prompt(previous, messages, ports.router_model_id), ports)
    up_to = messages[-1].message_id
    parts = bounded(found.model_dump(mode="json"))
    kept = Put(items.summary_key(ref, up_to), {"lastMessageId": up_to, **parts, "turnId": record.turn_id})
    overtakes = Either((Absent("summaryUpTo"), Less("summaryUpTo", up_to)))
    meta_now = Update(
        key,
        set={"summary": parts, "summaryUpTo": up_to, "summaryGiven": _given(meta, messages)},
        when=(Exists(), Equals("coachId", ref.coach_id), overtakes),
    )
    return [meta_now, kept, *notes.of(ref.user_id, [notes.summary_id(ref)], ports)]


def bounded(parts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts of a summary within its budget: of the longest list the first line goes first."""
    lists = {name: list(lines) for name, lines in parts.items() if name != "narrative"}
    room = MAX_SUMMARY - len(parts["narrative"])
    while sum(map(_size, lists.values())) > room:
        del max(lists.values(), key=_size)[0]
    return {"narrative": parts["narrative"], **lists}


def _size(lines: Sequence[str]) -> int:
    return sum(map(len, lines))


def _given(meta: Mapping[str, Any], messages: Sequence[Message]) -> list[str]:
    """Return the memories that the summary may repeat: those that its answers may."""
    return sorted({*meta.get("summaryGiven", ()), *(name for one in messages for name in one.given)})


def _messages(
    ref: ConversationRef, previous: Summary | None, up_to: str, ports: Ports
) -> tuple[Message, ...]:
    """Return the messages to sum up, oldest first; a long backlog is worked off in several turns."""
    after = items.message_key(ref, previous.up_to).sk if previous is not None else None
    page = Query(pk=items.partition(ref), prefix="M#", after=after, limit=BATCH)
    found = (items.message_from(item) for item in ports.table.query(page))
    return tuple(message for message in found if message.message_id <= up_to)


def build_prompt(previous: Summary | None, messages: Sequence[Message], model_id: str) -> Prompt:
    """Return the call that rolls the summary on; what people said is fenced, a line a message."""
    text = prompts.render(
        "summary_message",
        previous=prompts.as_data(text_of(previous)) if previous is not None else "(none yet)",
        conversation=prompts.as_data("\n".join(map(_line, messages))),
    )
    return extraction.ask(text, system="summary_system", tool=tool(), model_id=model_id)


def _line(message: Message) -> str:
    who = "person" if message.role == "user" else "coach"
    return f"{who}: {' '.join(message.model_text.split())[:MAX_MESSAGE]}"


def summary_from(meta: Mapping[str, Any]) -> Summary | None:
    """Return the summary that the conversation's META holds."""
    if "summary" not in meta:
        return None
    parts = {name: value for name, value in meta["summary"].items() if name != "narrative"}
    return Summary(
        narrative=meta["summary"]["narrative"],
        parts={name: tuple(lines) for name, lines in parts.items()},
        up_to=MessageId(meta["summaryUpTo"]),
    )


def text_of(summary: Summary) -> str:
    """Return the summary as models read it: a line a part."""
    parts = [f"{name}: {'; '.join(lines)}" for name, lines in summary.parts.items() if lines]
    return "\n".join([f"narrative: {' '.join(summary.narrative.split())}", *parts])
