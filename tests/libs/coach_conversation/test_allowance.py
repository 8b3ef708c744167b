import pytest

from libs.coach_conversation.errors import BudgetExceeded, RateLimited
from libs.coach_conversation.store import allowance, items
from libs.coach_conversation.store.table import Check, ConditionFailed, Key, Write
from libs.coach_conversation.types import Limits, Usage
from tests.fakes.clock import START_MS
from tests.fakes.ports import ALICE
from tests.fakes.table import FakeTable

MINUTE, DAY = START_MS // 60_000, START_MS // 86_400_000
RATE, SPENT = items.rate_key(ALICE, MINUTE), items.spent_key(ALICE, DAY)
BOTH = Limits(turns_per_minute=2, daily_budget_cents=1)


def refused(table: FakeTable, writes: list[Write], now_ms: int = START_MS) -> object:
    try:
        table.commit(writes)
    except ConditionFailed as failed:
        return allowance.refusal(failed, writes, now_ms)
    return None


def item(table: FakeTable, key: Key) -> object:
    found = table.read([key]).get(key)
    return found and {name: value for name, value in found.items() if name not in ("pk", "sk")}


def test_without_limits_nothing_is_asked_and_nothing_spent() -> None:
    none = Limits(turns_per_minute=0, daily_budget_cents=0)
    assert allowance.asked(ALICE, START_MS, none) == []
    assert allowance.spent(ALICE, Usage(cost_usd=1.0), START_MS, none) == []


def test_a_turn_is_counted_within_its_minute() -> None:
    table = FakeTable()
    assert refused(table, allowance.asked(ALICE, START_MS, BOTH)) is None
    assert item(table, RATE) == {"turns": 1, "ttl": START_MS // 1000 + 300}
    assert item(table, SPENT) is None


def test_one_turn_too_many_is_refused_until_the_next_minute() -> None:
    table = FakeTable()
    asked = allowance.asked(ALICE, START_MS, BOTH)
    assert [refused(table, asked) for _ in range(2)] == [None, None]
    refusal = refused(table, asked, START_MS + 12_500)
    assert isinstance(refusal, RateLimited)
    assert refusal.retry_after_s == 47
    assert refused(table, allowance.asked(ALICE, START_MS + 60_000, BOTH)) is None


def test_costs_add_up_within_a_day() -> None:
    table = FakeTable()
    for cost_usd in (0.004, 0.0021, 0.0000004):
        if writes := allowance.spent(ALICE, Usage(cost_usd=cost_usd), START_MS, BOTH):
            table.commit(writes)
    assert item(table, SPENT) == {"microUsd": 6100, "ttl": START_MS // 1000 + 172_800}


@pytest.mark.parametrize(("micro_usd", "in_budget"), [(9_999, True), (10_000, False), (10_001, False)])
def test_who_has_spent_the_budget_is_refused_until_midnight(micro_usd: int, *, in_budget: bool) -> None:
    table = FakeTable()
    table.commit(allowance.spent(ALICE, Usage(cost_usd=micro_usd / 1e6), START_MS, BOTH))
    refusal = refused(table, allowance.asked(ALICE, START_MS, BOTH))
    assert (refusal is None) == in_budget
    if not in_budget:
        assert isinstance(refusal, BudgetExceeded)
        assert refusal.retry_after_s == 16 * 3600  # START_MS is at eight
        assert item(table, RATE) is None
    tomorrow = allowance.asked(ALICE, START_MS + 86_400_000, BOTH)
    assert refused(table, tomorrow) is None


def test_what_something_else_refused_is_no_matter_of_the_allowance() -> None:
    other: list[Write] = [Check(items.profile_key(ALICE), when=allowance.asked(ALICE, 0, BOTH)[0].when)]
    assert allowance.refusal(ConditionFailed({0: None}), other, START_MS) is None
