"""The coach's asides: a greeting before any model answered, then lines that fit what is done."""

from collections.abc import Iterator
from typing import Final

from libs.coach_conversation.router import Analysis, UpdateStage
from libs.streaming.events import Contextual

GREETINGS: Final = (
    "Alright, let's work.",
    "I hear you.",
    "Let's figure this out.",
    "Got it, let's go.",
    "Right on.",
    "Let's dive in.",
    "I'm on it.",
    "Let's tackle this.",
    "Copy that.",
)
SHORT_MESSAGE: Final = 8
MAX_UPDATE: Final = 200

FIXED_LINES: Final = {
    "workout_analysis": (
        "Lining up the numbers from your session...",
        "Taking a close look at that workout...",
        "Breaking down the work you put in...",
    ),
    "memory_analysis": (
        "Thinking back to what you've told me...",
        "Pulling up what I know about you...",
        "Checking my notes on you...",
    ),
    "pattern_analysis": (
        "Looking for patterns in your training...",
        "Connecting the dots in your recent work...",
        "Scanning how things have been going...",
    ),
    "insights_brewing": (
        "Putting the pieces together...",
        "Shaping this into something you can use...",
        "Working out your best next step...",
    ),
}


def wanted(text: str) -> bool:
    """Whether a message is long enough for asides at all."""
    return len(text.strip()) >= SHORT_MESSAGE


def greeting(seed: str) -> Contextual:
    """Return the greeting for this turn; the same seed gives the same one."""
    return Contextual("initial_greeting", GREETINGS[_pick(seed, len(GREETINGS))] + "\n")


def updates(analysis: Analysis, *, seed: str) -> Iterator[Contextual]:
    """Yield the asides that the analysis calls for, in the order of the stages."""
    if not analysis.show_contextual_updates:
        return
    said = {update.stage: update.content for update in analysis.contextual_updates}
    for stage in _stages(analysis):
        line = clean(said.get(stage, ""))
        if not line and analysis.router_metadata.fallback_used:
            line = FIXED_LINES[stage][_pick(seed + stage, len(FIXED_LINES[stage]))]
        if line:
            yield Contextual(stage, line + "\n\n")


def _stages(analysis: Analysis) -> Iterator[UpdateStage]:
    if analysis.workout_detection.is_workout_log:
        yield "workout_analysis"
    if analysis.memory_processing.needs_retrieval or analysis.memory_processing.is_memory_request:
        yield "memory_analysis"
    if analysis.context_needs.needs_pinecone_search:
        yield "pattern_analysis"
    yield "insights_brewing"


def clean(line: str) -> str:
    """Return the line without quotes around it, on one line, of bounded length."""
    flat = " ".join(line.split())
    while flat and flat[0] in "\"'“‘«`" and flat[-1] in "\"'”’»`":
        flat = flat[1:-1].strip()
    return flat[:MAX_UPDATE]


def _pick(seed: str, count: int) -> int:
    return sum(seed.encode()) % count
