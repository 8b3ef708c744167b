"""The router: one call to a small model that says what a message needs. It never fails a turn."""

import re
from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from libs.coach_conversation import care, prompts
from libs.coach_conversation.models import traits_of
from libs.coach_conversation.ports import Prompt, PromptMessage, Tool
from libs.coach_conversation.types import Message

TOOL_NAME: Final = "route_message"
LOG_COMMAND: Final = "/log-workout"
MAX_TOKENS: Final = 700
RECENT_MESSAGES: Final = 4
RECENT_CHARACTERS: Final = 400
MAX_TEXT: Final = 500
_CANCELS: Final = re.compile(r"(cancel|never ?mind|forget it|stop that)\b")

REQUIRED: Final = ("userIntent", "showContextualUpdates", "workoutDetection", "memoryProcessing")

type Share = Annotated[float, Field(ge=0, le=1)]
type ShortText = Annotated[str, BeforeValidator(lambda text: _short(text) if isinstance(text, str) else text)]
type UpdateStage = Literal[
    "initial_greeting", "workout_analysis", "memory_analysis", "pattern_analysis", "insights_brewing"
]


def _short(text: str) -> str:
    """Return the text cut, and without halves of surrogate pairs: JSON can spell them, UTF-8 cannot."""
    return text[:MAX_TEXT].encode(errors="replace").decode()


class _Answer(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="ignore")


class ContextualUpdate(_Answer):
    stage: UpdateStage
    content: ShortText


class WorkoutDetection(_Answer):
    is_workout_log: bool = False
    confidence: Share = 0.0
    workout_type: (
        Literal["strength", "cardio", "flexibility", "skill", "competition", "recovery", "hybrid"] | None
    ) = None
    is_slash_command: bool = False
    reasoning: ShortText = ""


class MemoryCharacteristics(_Answer):
    type: Literal["preference", "goal", "constraint", "instruction", "other"] = "other"
    importance: Literal["low", "medium", "high"] = "medium"
    is_coach_specific: bool = False
    suggested_tags: Annotated[tuple[ShortText, ...], Field(max_length=5)] = ()


class MemoryProcessing(_Answer):
    needs_retrieval: bool = False
    is_memory_request: bool = False
    memory_characteristics: MemoryCharacteristics | None = None
    reasoning: ShortText = ""


class ContextNeeds(_Answer):
    needs_pinecone_search: bool = False
    search_types: tuple[Literal["methodology", "workouts", "progress", "techniques", "other"], ...] = ()
    reasoning: ShortText = ""


class ConversationComplexity(_Answer):
    has_complexity: bool = False
    complexity_types: tuple[ShortText, ...] = ()
    needs_summary: bool = False
    requires_deep_reasoning: bool = False
    confidence: Share = 0.0
    reasoning: ShortText = ""


class ProcessingPriority(_Answer):
    workout_first: bool = False
    memory_first: bool = False
    context_first: bool = False


class RouterMetadata(_Answer):
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


class Analysis(_Answer):
    """What a message needs, from one model call."""

    user_intent: Intent = "general"
    show_contextual_updates: bool = True
    contextual_updates: Annotated[tuple[ContextualUpdate, ...], Field(max_length=5)] = ()
    workout_detection: WorkoutDetection = WorkoutDetection()
    memory_processing: MemoryProcessing = MemoryProcessing()
    context_needs: ContextNeeds = ContextNeeds()
    conversation_complexity: ConversationComplexity = ConversationComplexity()
    processing_priority: ProcessingPriority = ProcessingPriority()
    router_metadata: RouterMetadata = RouterMetadata()


def _inlined(schema: Any, definitions: dict[str, Any]) -> Any:
    """Return the JSON schema with every `$ref` replaced: not every model follows references."""
    if isinstance(schema, list):
        return [_inlined(part, definitions) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    return {
        name: _inlined(part, definitions)
        for name, part in schema.items()
        if name not in ("$defs", "default") and not (name == "title" and isinstance(part, str))
    }


def _tool() -> Tool:
    schema = Analysis.model_json_schema(by_alias=True)
    flat = _inlined(schema, schema.get("$defs", {}))
    flat["required"] = list(REQUIRED)
    flat.pop("description", None)
    return Tool(TOOL_NAME, "Report what the message needs.", flat)


TOOL: Final = _tool()


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
    return ruled if care.assess(text) is None else _in_care(ruled)


def _in_care(analysis: Analysis) -> Analysis:
    """Return the analysis of a message that asks for care: nothing is logged, nothing is said aside."""
    logs = analysis.user_intent == "workout_logging"
    return analysis.model_copy(
        update={
            "user_intent": "general" if logs else analysis.user_intent,
            "show_contextual_updates": False,
            "contextual_updates": (),
            "workout_detection": WorkoutDetection(reasoning="the message asks for care"),
            "processing_priority": analysis.processing_priority.model_copy(update={"workout_first": False}),
        }
    )


SHORT_MESSAGE: Final = 8
