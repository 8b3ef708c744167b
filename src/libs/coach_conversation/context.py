"""Context: what is read beside T1, and the prompt of the answer that is made from it."""

from collections.abc import Iterable, Sequence
from typing import Final

from libs.coach_conversation import prompts
from libs.coach_conversation.care import Care
from libs.coach_conversation.kept import summaries
from libs.coach_conversation.models import traits_of
from libs.coach_conversation.ports import Ports, Prompt, PromptMessage
from libs.coach_conversation.router import Analysis
from libs.coach_conversation.store import items
from libs.coach_conversation.store.table import Query, Table
from libs.coach_conversation.types import Background, CoachConfig, ConversationRef, Message, Summary
from libs.streaming.events import Contextual

OPENING: Final = "(The conversation continues.)"


def load(ref: ConversationRef, table: Table, *, history_items: int) -> Background:
    """Read what every answer needs: one read of single items, one query for the latest messages.

    Shape   `history` oldest first, at most `history_items`; it may hold the running turn's message
    """
    coach, profile = items.coach_key(ref.user_id, ref.coach_id), items.profile_key(ref.user_id)
    meta = items.meta_key(ref)
    found = table.read([coach, profile, meta])
    latest = table.query(Query(pk=items.partition(ref), prefix="M#", limit=history_items, descending=True))
    return Background(
        coach=items.coach_from(found[coach]) if coach in found else None,
        profile=found.get(profile, {}),
        history=tuple(items.message_from(item) for item in reversed(latest)),
        summary=summaries.summary_from(found.get(meta, {})),
    )


def before(history: Iterable[Message], message_id: str) -> tuple[Message, ...]:
    """Return the messages older than this turn's own: the read ran beside T1 and may have seen it."""
    return tuple(message for message in history if message.message_id < message_id)


def build_prompt(
    text: str,
    *,
    coach: CoachConfig,
    history: Sequence[Message],
    analysis: Analysis,
    asides: Sequence[Contextual],
    today: str,
    known: Sequence[str] = (),
    summary: Summary | None = None,
    ports: Ports,
    care: Care | None = None,
) -> Prompt:
    """Return the answer's prompt: stable text first, what changes with the turn last.

    Shape   `known`: texts about the person, their words fenced
    """
    model_id, limits = ports.answer_model_id, ports.limits
    moment = prompts.render(
        "coach_moment",
        today=today,
        intent=analysis.user_intent.replace("_", " "),
        asides=" ".join(prompts.as_data(aside.content.strip()) for aside in asides) or "(nothing)",
    )
    return Prompt(
        model_id=model_id,
        system=(_coach_text(coach), *_summed_up(summary), *known, moment, *care_text(care)),
        messages=merged([*_spoken(summaries.remaining(history, summary)), PromptMessage("user", text)]),
        max_tokens=limits.max_output_tokens,
        temperature=limits.temperature if traits_of(model_id).sampling else None,
        stable_system=1,
        streamed=ports.streaming_enabled,
    )


def _summed_up(summary: Summary | None) -> tuple[str, ...]:
    if summary is None:
        return ()
    return (prompts.render("coach_summary", summary=prompts.as_data(summaries.text_of(summary))),)


def _coach_text(coach: CoachConfig) -> str:
    def listed(values: Sequence[str]) -> str:
        return prompts.as_data("; ".join(values)) or "none given"

    return prompts.render(
        "coach_system",
        name=prompts.as_data(coach.name),
        persona=prompts.as_data(coach.persona),
        specialities=listed(coach.specialities),
        style=prompts.as_data(coach.style) or "none given",
        goals=listed(coach.goals),
        limits=listed(coach.limits),
    )


def care_text(care: Care | None) -> tuple[str, ...]:
    """Return the system prompt's care section. Shape: empty where none is asked for."""
    return (prompts.render("care", about=care.about, line=care.line),) if care is not None else ()


def _spoken(history: Iterable[Message]) -> list[PromptMessage]:
    return [PromptMessage(message.role, message.model_text) for message in history]


def merged(messages: Iterable[PromptMessage]) -> tuple[PromptMessage, ...]:
    """Return messages as models want them: no blank ones, roles in turn, the user first."""
    result: list[PromptMessage] = []
    for message in messages:
        if not message.text.strip():
            continue
        if result and result[-1].role == message.role:
            result[-1] = PromptMessage(message.role, f"{result[-1].text}\n\n{message.text}")
        else:
            result.append(message)
    if result and result[0].role != "user":
        result.insert(0, PromptMessage("user", OPENING))
    return tuple(result)
