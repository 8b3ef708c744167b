"""What each model accepts, and what it costs."""

from dataclasses import dataclass, replace
from typing import Final

from libs.coach_conversation.types import Usage


@dataclass(frozen=True, slots=True)
class ModelTraits:
    """One row of the model table.

    Units   prices in USD for a million tokens
    """

    input_price: float
    output_price: float
    sampling: bool = True
    forced_tool_choice: bool = True
    cache_points: bool = True


_TRAITS: Final = (
    # Whatever runs behind one's own address costs nothing that is known here.
    ("compatible:", ModelTraits(0.0, 0.0, cache_points=False)),
    ("nova-micro", ModelTraits(0.035, 0.14)),
    ("nova-2-lite", ModelTraits(0.30, 2.50)),
    ("claude-haiku-4-5", ModelTraits(1.10, 5.50)),
    ("claude-sonnet-5", ModelTraits(2.20, 11.0, sampling=False, forced_tool_choice=False)),
    ("gpt-5-nano", ModelTraits(0.05, 0.40, sampling=False, cache_points=False)),
    ("gpt-5-mini", ModelTraits(0.25, 2.0, sampling=False, cache_points=False)),
    ("gpt-5", ModelTraits(1.25, 10.0, sampling=False, cache_points=False)),
    ("gpt-4.1-mini", ModelTraits(0.40, 1.60, cache_points=False)),
    ("gpt-4.1", ModelTraits(2.0, 8.0, cache_points=False)),
    ("gemini-2.5-flash-lite", ModelTraits(0.10, 0.40, cache_points=False)),
    ("gemini-2.5-flash", ModelTraits(0.30, 2.50, cache_points=False)),
    ("gemini-2.5-pro", ModelTraits(1.25, 10.0, cache_points=False)),
    *(
        (f"{provider}:", ModelTraits(0.0, 0.0, sampling=False, cache_points=False))
        for provider in ("openai", "azure", "google")
    ),
)
_UNKNOWN: Final = ModelTraits(0.0, 0.0, sampling=False, forced_tool_choice=False, cache_points=False)
CACHE_READ_SHARE: Final = 0.1
CACHE_WRITE_SHARE: Final = 1.25


def traits_of(model_id: str) -> ModelTraits:
    """Return the row whose name is part of the id; an unknown model is asked for nothing special."""
    return next((traits for name, traits in _TRAITS if name in model_id), _UNKNOWN)


def priced(usage: Usage, model_id: str) -> Usage:
    """Return the usage with its cost in USD."""
    traits = traits_of(model_id)
    read = usage.input_tokens + usage.cache_read_tokens * CACHE_READ_SHARE
    written = usage.cache_write_tokens * CACHE_WRITE_SHARE
    micro_usd = (read + written) * traits.input_price + usage.output_tokens * traits.output_price
    return replace(usage, cost_usd=micro_usd / 1_000_000)
