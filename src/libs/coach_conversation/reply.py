"""Fold what was told into the message that is saved. The same fold serves a live turn and its log."""

from collections.abc import Iterable

from libs.coach_conversation.types import Part
from libs.streaming.events import Chunk, Contextual, TurnEvent


def fold(events: Iterable[TurnEvent]) -> tuple[Part, ...]:
    """Return the parts of the message that a person saw.

    Shape   asides one part each, the chunks between them joined; nothing blank is left out, so the
            parts' texts joined are byte-equal to what was streamed
    """
    parts: list[Part] = []
    answer: list[str] = []
    for event in events:
        match event:
            case Chunk(content):
                answer.append(content)
            case Contextual(stage, content):
                parts += _joined(answer)
                answer = []
                parts.append(Part("update", content, stage))
    return (*parts, *_joined(answer))


def _joined(answer: list[str]) -> list[Part]:
    return [Part("answer", "".join(answer))] if answer else []
