"""The router without a model: plain rules read a message; pure, the same answer for the same words.

Shape   `Reading` is what the rules found; `analysis.py` writes it down as the router's fields
"""

import re
from dataclasses import dataclass
from typing import Final, Literal

from local.bedrock_emulator import phrases
from local.bedrock_emulator.topics import Topic, WorkoutType, topics_in

type Intent = Literal[
    "workout_logging",
    "memory_request",
    "question",
    "progress_check",
    "acknowledgment",
    "cancel_request",
    "general",
    "other",
]
type MemoryType = Literal["preference", "goal", "constraint", "instruction", "other"]

LOG_COMMAND: Final = "/log-workout"
SAY_COMMAND: Final = "/say "
SHORT_MESSAGE: Final = 8
"""Messages of fewer characters skip the contextual updates."""

_SENTENCE: Final = re.compile(r"[^.!?\n]+(?:\.(?=\d)[^.!?\n]*)*[.!?]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a message is about and what it wants."""

    text: str
    intent: Intent
    topics: tuple[Topic, ...]
    is_slash_command: bool
    log_confidence: float
    recalls_the_past: bool
    asks: bool

    @property
    def is_workout_log(self) -> bool:
        return self.intent == "workout_logging"

    @property
    def is_memory_request(self) -> bool:
        return self.intent == "memory_request"

    @property
    def shows_updates(self) -> bool:
        quiet = self.intent in ("acknowledgment", "cancel_request", "other")
        return len(self.text) >= SHORT_MESSAGE and not quiet


def read(message: str) -> Reading:
    """Return what the rules find in a message, typographic apostrophes and outer space aside."""
    text = message.strip().replace("’", "'")
    is_log_command = text.lower().startswith(LOG_COMMAND)
    body = text[len(LOG_COMMAND) :].strip() if is_log_command else text
    confidence = 1.0 if is_log_command else max(map(_log_confidence, _sentences(body)), default=0.05)
    intent = _intent(message, body, is_log_command=is_log_command, log_confidence=confidence)
    asks = any(_is_question(sentence) for sentence in _sentences(body))
    return Reading(
        text=text,
        intent=intent,
        topics=topics_in(body),
        is_slash_command=is_log_command or text.startswith("/"),
        log_confidence=confidence if intent == "workout_logging" else min(confidence, 0.3),
        recalls_the_past=asks and phrases.PAST.search(body) is not None,
        asks=asks,
    )


def _intent(message: str, body: str, *, is_log_command: bool, log_confidence: float) -> Intent:
    if message.lstrip().startswith(SAY_COMMAND):
        return "other"
    if phrases.CANCEL.search(body) or phrases.CANCEL_START.search(body):
        return "cancel_request"
    if is_log_command or log_confidence >= 0.5:
        return "workout_logging"
    if _is_memory_request(body):
        return "memory_request"
    if phrases.ACKNOWLEDGMENT.match(body):
        return "acknowledgment"
    if phrases.PROGRESS.search(body):
        return "progress_check"
    if any(_is_question(sentence) for sentence in _sentences(body)):
        return "question"
    return "general" if re.search(r"\w", body) else "other"


def _sentences(text: str) -> list[str]:
    return [sentence.strip() for sentence in _SENTENCE.findall(text) if sentence.strip()]


def _is_question(sentence: str) -> bool:
    return sentence.endswith("?") or phrases.QUESTION_START.match(sentence) is not None


def _log_confidence(sentence: str) -> float:
    """Return how surely a sentence is a workout log: a completed action, specifics, the wish to log."""
    gym_numbers = phrases.GYM_NUMBERS.search(sentence) is not None
    numbers = gym_numbers or phrases.OTHER_NUMBERS.search(sentence) is not None
    exercise = any(topic.workout_type for topic in topics_in(sentence))
    wished = phrases.LOG_WISH.search(sentence) and not phrases.HOW_START.match(sentence)
    if phrases.NOT_COMPLETED.search(sentence):
        return 0.1
    if wished and (numbers or exercise) and "tomorrow" not in sentence.lower():
        return 0.97 if numbers else 0.85
    recent = phrases.RECENT.search(sentence) is not None
    completed = phrases.COMPLETED.search(sentence) is not None
    if not completed or _is_question(sentence) or (phrases.FUTURE.search(sentence) and not recent):
        return 0.3 if numbers and exercise else 0.05
    if (numbers and exercise) or gym_numbers:
        return 0.92
    return 0.75 if exercise and recent else 0.4 if exercise else 0.1


def _is_memory_request(body: str) -> bool:
    if phrases.RECALLED.search(body):
        return False
    if phrases.REMEMBER.search(body):
        return True
    statements = [sentence for sentence in _sentences(body) if not _is_question(sentence)]
    return any(phrases.GOAL.search(one) or phrases.STANDING.search(one) for one in statements)


def memory_type(text: str) -> MemoryType:
    """Return the kind of memory that a request asks to keep."""
    kinds: tuple[tuple[MemoryType, re.Pattern[str]], ...] = (
        ("goal", phrases.GOAL),
        ("instruction", phrases.INSTRUCTION),
        ("constraint", phrases.CONSTRAINT),
        ("preference", phrases.PREFERENCE),
    )
    if phrases.HEALTH.search(text):
        return "goal" if phrases.GOAL.search(text) else "constraint"
    return next((kind for kind, pattern in kinds if pattern.search(text)), "other")


def memory_importance(text: str) -> Literal["low", "medium", "high"]:
    if phrases.HEALTH.search(text) or phrases.GOAL.search(text):
        return "high"
    return "low" if memory_type(text) in ("preference", "other") else "medium"


def workout_type(reading: Reading) -> WorkoutType | None:
    """Return the type of the workout that a message tells of; strength and cardio together are hybrid."""
    types = [topic.workout_type for topic in reading.topics if topic.workout_type]
    for special in ("competition", "hybrid"):
        if special in types:
            return special
    if "strength" in types and "cardio" in types:
        return "hybrid"
    if types:
        return types[0]
    return "strength" if phrases.GYM_NUMBERS.search(reading.text) else None
