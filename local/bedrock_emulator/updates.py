"""The coach's asides while it works: energetic, about the person's own topic, never in quotes."""

import re
from typing import Final, Literal
from zlib import crc32

from local.bedrock_emulator.classifier import Reading
from local.bedrock_emulator.phrases import STOP_WORDS

type Stage = Literal[
    "initial_greeting", "workout_analysis", "memory_analysis", "pattern_analysis", "insights_brewing"
]

_WORD: Final = re.compile(r"[^\W\d_]{5,}")
_HARDLY_NOUNS: Final = ("ing", "ed", "ly", "ful", "ous")
_TRAINED: Final[dict[Stage, tuple[str, ...]]] = {
    "initial_greeting": (
        "All in on {talk} today, let's go!",
        "Talking {name}, I'm fired up!",
        "Let's get to work on {talk}!",
    ),
    "workout_analysis": (
        "Breaking down your {name} numbers...",
        "Putting that {name} work under the lens...",
        "Weighing every bit of that {name} session...",
    ),
    "memory_analysis": (
        "Scouting your recent {name} sessions...",
        "Digging up what you told me about {talk}...",
        "Pulling your {name} story together...",
    ),
    "pattern_analysis": (
        "Hunting for patterns in your {name} work...",
        "Lining your {name} sessions up side by side...",
        "Tracing how your {name} work has been moving...",
    ),
    "insights_brewing": (
        "Cooking up your next {name} move...",
        "Sharpening the best I have on {talk}...",
        "Turning {talk} into a next step...",
    ),
}
_TALKED: Final[dict[Stage, tuple[str, ...]]] = {
    "initial_greeting": ("All in on {talk} today, let's go!", "Let's get to work on {talk}!"),
    "workout_analysis": ("Checking what {talk} means for your training...",),
    "memory_analysis": ("Digging up what you told me about {talk}...", "Scanning my notes on {talk}..."),
    "pattern_analysis": ("Connecting {talk} with your recent weeks...", "Hunting for what moves {talk}..."),
    "insights_brewing": ("Sharpening the best I have on {talk}...", "Turning {talk} into a next step..."),
}


def updates_for(reading: Reading) -> dict[Stage, str]:
    """Return one text a stage, chosen by the message's words."""
    topic = reading.topics[0] if reading.topics else None
    word = _salient_word(reading.text)
    name, talk = (topic.name, topic.talk) if topic else (word, word)
    table = _TRAINED if topic and topic.workout_type else _TALKED
    seed = crc32(reading.text.encode("utf-8", "replace"))
    return {
        stage: texts[(seed >> shift) % len(texts)].format(name=name, talk=talk)
        for shift, (stage, texts) in enumerate(table.items())
    }


def _salient_word(text: str) -> str:
    words = [word for word in _WORD.findall(text.lower()) if word not in STOP_WORDS]
    nouns = [word for word in words if not word.endswith(_HARDLY_NOUNS)]
    return max(nouns, key=len, default="your training")
