import pytest

from libs.coach_conversation.models import priced, traits_of
from libs.coach_conversation.types import Usage


@pytest.mark.parametrize(
    ("model_id", "sampling", "forced"),
    [
        ("us.amazon.nova-micro-v1:0", True, True),
        ("amazon.nova-2-lite-v1:0", True, True),
        ("us.anthropic.claude-haiku-4-5-20251001-v1:0", True, True),
        ("us.anthropic.claude-sonnet-5-5", False, False),
        ("meta.llama9-1b", False, False),
    ],
)
def test_a_model_is_asked_only_for_what_it_takes(model_id: str, *, sampling: bool, forced: bool) -> None:
    traits = traits_of(model_id)
    assert (traits.sampling, traits.forced_tool_choice) == (sampling, forced)


def test_a_call_is_priced_by_the_million_tokens() -> None:
    usage = priced(Usage(input_tokens=1_000_000, output_tokens=1_000_000), "us.amazon.nova-micro-v1:0")
    assert usage.cost_usd == pytest.approx(0.175)


def test_cached_tokens_cost_a_tenth_to_read_and_a_quarter_more_to_write() -> None:
    usage = Usage(cache_read_tokens=1_000_000, cache_write_tokens=1_000_000)
    assert priced(usage, "us.anthropic.claude-sonnet-5-5").cost_usd == pytest.approx(0.22 + 2.75)


def test_the_price_of_an_unknown_model_is_not_made_up() -> None:
    assert priced(Usage(input_tokens=1_000), "meta.llama9-1b").cost_usd == 0.0
