"""The offline coach: an honest stand-in that answers by stock advice; the same words, the same answer."""

import re
from typing import Final
from zlib import crc32

from local.bedrock_emulator.classifier import Intent, read
from local.bedrock_emulator.topics import GENERAL, Topic

_NAME_FIELD: Final = re.compile(
    r"\bname\b[\"']?\s*[:=]\s*[\"']?([^\W\d_][\w' .-]{0,39}?)\s*(?=[\"',;<\n.]|$)", re.IGNORECASE
)
_NAME_SENTENCE: Final = re.compile(r"\b(?:You are|Your name is) ((?:Coach )?[A-Z][\w'-]+)(?=[\s,.;:])")

_OPENERS: Final = (
    "{name} here, or rather the offline stand-in: no language model is running, so these are stock notes.",
    "This is the offline stand-in for {name}, not a language model, so take it as general guidance.",
    "Honest note first: {name} is an offline stand-in right now, with no language model behind these words.",
)
_NAMELESS: Final = "your coach"
_REFLECTIONS: Final[dict[Intent, tuple[str, ...]]] = {
    "workout_logging": ("Nice work on {talk}!", "Good work on {talk}, and well reported."),
    "memory_request": (
        "Understood, your words about {talk} count.",
        "Good to know that about {talk}.",
    ),
    "progress_check": ("You want to see movement on {talk}.", "Let's look at {talk}."),
    "cancel_request": ("All right, we leave that.", "Fine, dropped."),
    "acknowledgment": ("Glad that helps!", "You're welcome."),
    "question": ("You asked about {talk}, so here is what tends to hold.", "Good question about {talk}."),
    "general": ("I hear you on {talk}.", "So your mind is on {talk}."),
    "other": ("I read your message.", "Let's make something of that."),
}
_LEADS: Final = (
    "What usually works:",
    "Three things to hold on to:",
    "Where I would start:",
)
_CLOSERS: Final = (
    "What does your week look like, and which of these would you try first?",
    "Pick one of them for your next session. How did the last one feel, from one to ten?",
    "Keep it simple and repeat it for two weeks. What usually gets in your way?",
    "Tell me how it goes, with numbers if you have them, and we adjust from there.",
)


def coach_reply(words: str, *, system: str = "") -> str:
    """Return the stand-in's answer to a person's words: 60 to 120 words of Markdown.

    Shape   what it is, the topic it saw, three points of stock advice, a way on
    """
    reading = read(words)
    seed = crc32(words.encode("utf-8", "replace"))
    topic = reading.topics[0] if reading.topics else GENERAL
    opener = _pick(_OPENERS, seed).format(name=persona_name(system) or _NAMELESS)
    reflection = _pick(_REFLECTIONS[reading.intent], seed >> 3).format(talk=topic.talk)
    points = "\n".join(f"- {point}." for point in _points(topic, seed >> 5))
    opening = f"{opener[0].upper()}{opener[1:]} {reflection}"
    return f"{opening}\n\n{_pick(_LEADS, seed >> 9)}\n\n{points}\n\n{_pick(_CLOSERS, seed >> 11)}"


def persona_name(system: str) -> str | None:
    """Return the coach's name where the system prompt states it plainly."""
    match = _NAME_FIELD.search(system) or _NAME_SENTENCE.search(system)
    return match[1].strip() if match else None


def _points(topic: Topic, seed: int) -> list[str]:
    """Return three of the four points, the first always, in their order."""
    left_out = 1 + seed % 3
    return [point for index, point in enumerate(topic.advice) if index != left_out]


def _pick(texts: tuple[str, ...], seed: int) -> str:
    return texts[seed % len(texts)]
