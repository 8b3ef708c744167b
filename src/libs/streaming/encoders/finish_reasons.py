"""Finish reasons: why a model stopped, in the words of the AI SDK."""

from types import MappingProxyType
from typing import Final

FINISH_REASONS: Final = MappingProxyType(
    {
        "end_turn": "stop",
        "stop_sequence": "stop",
        "max_tokens": "length",
        "model_context_window_exceeded": "length",
        "guardrail_intervened": "content-filter",
        "content_filtered": "content-filter",
        "tool_use": "tool-calls",
    }
)


def finish_reason(stop_reason: str) -> str:
    """Return the AI SDK's word for a stop reason of Bedrock's; `other` for one that is new."""
    return FINISH_REASONS.get(stop_reason, "other")
