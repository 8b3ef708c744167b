"""The router's fields, written down from what the rules read; fitted to the tool's schema by `tools.py`."""

from typing import Any

from local.bedrock_emulator import phrases
from local.bedrock_emulator.classifier import (
    Reading,
    memory_importance,
    memory_type,
    workout_type,
)
from local.bedrock_emulator.concerns import concern_of
from local.bedrock_emulator.updates import updates_for

_LONG_MESSAGE = 600
_MAX_TAGS = 5


def analysis_of(reading: Reading, *, processing_ms: int) -> dict[str, Any]:
    """Return every field that the router knows of, `contextualUpdates` as a list of stage and content."""
    search_types = _search_types(reading)
    updates = updates_for(reading) if reading.shows_updates else {}
    return {
        "userIntent": reading.intent,
        "showContextualUpdates": reading.shows_updates,
        "contextualUpdates": [{"stage": stage, "content": text} for stage, text in updates.items()],
        "workoutDetection": _workout(reading),
        "memoryProcessing": _memory(reading),
        "contextNeeds": {
            "needsPineconeSearch": bool(search_types),
            "searchTypes": search_types,
            "reasoning": f"asks for {', '.join(search_types)}" if search_types else "nothing to look up",
        },
        "conversationComplexity": _complexity(reading),
        "processingPriority": {
            "workoutFirst": reading.is_workout_log,
            "memoryFirst": reading.is_memory_request,
            "contextFirst": bool(search_types) and not (reading.is_workout_log or reading.is_memory_request),
        },
        "careConcern": concern_of(reading.text),
        "routerMetadata": {
            "confidence": 1.0 if reading.is_slash_command else 0.9,
            "processingTimeMs": processing_ms,
            "fallbackUsed": False,
        },
    }


def _workout(reading: Reading) -> dict[str, Any]:
    found = reading.is_workout_log
    reasons = {
        (True, True): "the log command was used",
        (True, False): "a completed action with specifics",
    }
    return {
        "isWorkoutLog": found,
        "confidence": reading.log_confidence,
        "workoutType": workout_type(reading) if found else None,
        "isSlashCommand": reading.is_slash_command,
        "reasoning": reasons.get((found, reading.is_slash_command), "no completed workout is reported"),
    }


def _memory(reading: Reading) -> dict[str, Any]:
    asked = reading.is_memory_request
    personal = phrases.PERSONAL.search(reading.text) is not None
    retrieval = reading.intent == "progress_check" or (
        reading.intent == "question" and (reading.recalls_the_past or personal)
    )
    characteristics = {
        "type": memory_type(reading.text),
        "importance": memory_importance(reading.text),
        "isCoachSpecific": phrases.ABOUT_THE_COACH.search(reading.text) is not None,
        "suggestedTags": [topic.name for topic in reading.topics][:_MAX_TAGS],
    }
    reasoning = "asks to keep something" if asked else "refers to the past" if retrieval else "neither"
    return {
        "needsRetrieval": retrieval,
        "isMemoryRequest": asked,
        "memoryCharacteristics": characteristics if asked else None,
        "reasoning": reasoning,
    }


def _search_types(reading: Reading) -> list[str]:
    if reading.intent not in ("question", "progress_check"):
        return []
    trains = any(topic.workout_type for topic in reading.topics)
    progress = reading.intent == "progress_check"
    wanted = {
        "methodology": phrases.METHODOLOGY.search(reading.text) is not None,
        "workouts": trains and (reading.recalls_the_past or progress),
        "progress": progress,
        "techniques": phrases.TECHNIQUE.search(reading.text) is not None,
    }
    types = [name for name, is_wanted in wanted.items() if is_wanted]
    return types or (["other"] if reading.recalls_the_past else [])


def _complexity(reading: Reading) -> dict[str, Any]:
    long = len(reading.text) > _LONG_MESSAGE
    signs = {
        "injury": phrases.INJURY.search(reading.text) is not None,
        "emotional": phrases.EMOTION.search(reading.text) is not None,
        "planning": reading.asks and phrases.PLANNING.search(reading.text) is not None,
        "multi_topic": len(reading.topics) >= 4 or reading.text.count("?") >= 3,
        "long_message": long,
    }
    types = [name for name, is_there in signs.items() if is_there]
    return {
        "hasComplexity": bool(types),
        "complexityTypes": types,
        "needsSummary": long or signs["multi_topic"],
        "requiresDeepReasoning": long or signs["planning"] or signs["multi_topic"],
        "confidence": 0.8 if types else 0.9,
        "reasoning": f"shows {', '.join(types)}" if types else "a plain message",
    }
