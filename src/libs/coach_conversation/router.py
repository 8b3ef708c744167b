"""The router: one call to a small model that says what a message needs. It never fails a turn."""

import re
from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, ValidationError

from libs.coach_conversation import care, prompts
from libs.coach_conversation.care import KINDS, Kind
from libs.coach_conversation.kept.tools import ShortText, ToolInput, tool_of
from libs.coach_conversation.models import traits_of
from libs.coach_conversation.ports import Prompt, PromptMessage
from libs.coach_conversation.types import Message

TOOL_NAME: Final = "route_message"
LOG_COMMAND: Final = "/log-workout"
MAX_TOKENS: Final = 700
RECENT_MESSAGES: Final = 4
RECENT_CHARACTERS: Final = 400
_CANCELS: Final = re.compile(r"(cancel|never ?mind|forget it|stop that)\b")

type Concern = Kind | Literal["none"]
"""What the message asks care for, in the model's eyes; beside the rules, never instead of them."""

REQUIRED: Final = ("userIntent", "showContextualUpdates", "workoutDetection", "memoryProcessing")

type Share = Annotated[float, Field(ge=0, le=1)]
type UpdateStage = Literal[
    "initial_greeting", "workout_analysis", "memory_analysis", "pattern_analysis", "insights_brewing"
]


class ContextualUpdate(ToolInput):
    stage: UpdateStage
    content: ShortText


class WorkoutDetection(ToolInput):
    is_workout_log: bool = False
    confidence: Share = 0.0
    workout_type: (
        Literal["strength", "cardio", "flexibility", "skill", "competition", "recovery", "hybrid"] | None
    ) = None
    is_slash_command: bool = False
    reasoning: ShortText = ""


class MemoryCharacteristics(ToolInput):
    type: Literal["preference", "goal", "constraint", "instruction", "other"] = "other"
    importance: Literal["low", "medium", "high"] = "medium"
    is_coach_specific: bool = False
    suggested_tags: Annotated[tuple[ShortText, ...], Field(max_length=5)] = ()


class MemoryProcessing(ToolInput):
    needs_retrieval: bool = False
    is_memory_request: bool = False
    memory_characteristics: MemoryCharacteristics | None = None
    reasoning: ShortText = ""


class ContextNeeds(ToolInput):
    needs_pinecone_search: bool = False
    search_types: tuple[Literal["methodology", "workouts", "progress", "techniques", "other"], ...] = ()
    reasoning: ShortText = ""


class ConversationComplexity(ToolInput):
    has_complexity: bool = False
    complexity_types: tuple[ShortText, ...] = ()
    needs_summary: bool = False
    requires_deep_reasoning: bool = False
    confidence: Share = 0.0
    reasoning: ShortText = ""


class ProcessingPriority(ToolInput):
    workout_first: bool = False
    memory_first: bool = False
    context_first: bool = False


class RouterMetadata(ToolInput):
    confidence: Share = 0.0
    processing_time_ms: Annotated[float, Field(ge=0)] = 0
    fallback_used: bool = False


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


def _known_concern(value: Any) -> Any:
    """Return a kind of care, or none: an odd word here must not cost the rest of the analysis."""
    return value if value in KINDS else "none"


class Analysis(ToolInput):
    """What a message needs, from one model call."""

    user_intent: Intent = "general"
    show_contextual_updates: bool = True
    contextual_updates: Annotated[tuple[ContextualUpdate, ...], Field(max_length=5)] = ()
    workout_detection: WorkoutDetection = WorkoutDetection()
    memory_processing: MemoryProcessing = MemoryProcessing()
    context_needs: ContextNeeds = ContextNeeds()
    conversation_complexity: ConversationComplexity = ConversationComplexity()
    processing_priority: ProcessingPriority = ProcessingPriority()
    care_concern: Annotated[Concern, BeforeValidator(_known_concern)] = "none"
    router_metadata: RouterMetadata = RouterMetadata()


TOOL: Final = tool_of(TOOL_NAME, "Report what the message needs.", Analysis, required=REQUIRED)


def build_prompt(text: str, history: Sequence[Message], *, model_id: str) -> Prompt:
    """Return the router's one call. The person's words are fenced as data."""
    recent = "\n".join(
        f"{message.role}: {prompts.as_data(message.model_text[:RECENT_CHARACTERS])}"
        for message in history[-RECENT_MESSAGES:]
    )
    ask = prompts.render("router_message", recent=recent or "(nothing yet)", message=prompts.as_data(text))
    return Prompt(
        model_id=model_id,
        system=(prompts.render("router_system"),),
        messages=(PromptMessage("user", ask),),
        max_tokens=MAX_TOKENS,
        temperature=0.0 if traits_of(model_id).sampling else None,
        tool=TOOL,
        stable_system=1,
    )


def parse(value: Any, text: str, *, elapsed_ms: int) -> Analysis:
    """Return the analysis, whatever the model gave; what does not fit gives the fallback."""
    if not isinstance(value, dict) or value.keys().isdisjoint(TOOL.input_schema["properties"]):
        return fallback(text, elapsed_ms=elapsed_ms)
    try:
        analysis = Analysis.model_validate(value)
    except (ValidationError, RecursionError):
        return fallback(text, elapsed_ms=elapsed_ms)
    metadata = analysis.router_metadata.model_copy(
        update={"processing_time_ms": elapsed_ms, "fallback_used": False}
    )
    return _ruled(analysis.model_copy(update={"router_metadata": metadata}), text)


def fallback(text: str, *, elapsed_ms: int) -> Analysis:
    """Return the analysis for a router that was late, failed or spoke nonsense."""
    metadata = RouterMetadata(confidence=0.0, processing_time_ms=elapsed_ms, fallback_used=True)
    return _ruled(Analysis(router_metadata=metadata), text)


def _ruled(analysis: Analysis, text: str) -> Analysis:
    """Apply the rules that stand beside the model."""
    changes: dict[str, Any] = {}
    workout, memory = analysis.workout_detection, analysis.memory_processing
    lowered = text.strip().lower()
    if lowered.startswith(LOG_COMMAND):
        workout = workout.model_copy(
            update={"is_workout_log": True, "is_slash_command": True, "confidence": 1.0}
        )
        changes["user_intent"] = "workout_logging"
    elif analysis.user_intent == "cancel_request" or _CANCELS.match(lowered):
        workout = workout.model_copy(update={"is_workout_log": False})
        changes["user_intent"] = "cancel_request"
    if workout.is_workout_log:
        memory = memory.model_copy(update={"is_memory_request": False, "memory_characteristics": None})
    if len(text.strip()) < SHORT_MESSAGE:
        changes |= {"show_contextual_updates": False, "contextual_updates": ()}
    ruled = analysis.model_copy(update={"workout_detection": workout, "memory_processing": memory, **changes})
    need = care.assess(text)
    concern = need.kind if need is not None else analysis.care_concern
    return ruled if concern == "none" else _in_care(ruled, concern)


def without_asides(analysis: Analysis) -> Analysis:
    """Return the analysis of a message that something said before still weighs on."""
    return analysis.model_copy(update={"show_contextual_updates": False, "contextual_updates": ()})


def _in_care(analysis: Analysis, concern: Concern) -> Analysis:
    """Return the analysis of a message that asks for care: nothing is logged, kept or said aside."""
    logs = analysis.user_intent in ("workout_logging", "memory_request")
    return analysis.model_copy(
        update={
            "care_concern": concern,
            "memory_processing": analysis.memory_processing.model_copy(
                update={"is_memory_request": False, "memory_characteristics": None}
            ),
            "user_intent": "general" if logs else analysis.user_intent,
            "show_contextual_updates": False,
            "contextual_updates": (),
            "workout_detection": WorkoutDetection(reasoning="the message asks for care"),
            "processing_priority": analysis.processing_priority.model_copy(update={"workout_first": False}),
        }
    )


SHORT_MESSAGE: Final = 8
