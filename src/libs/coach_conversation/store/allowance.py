"""The allowance: how many turns a person may begin in a minute, and what the models may cost them in a day.

Minutes and days are those of UTC. Whatever is begun asks for both in its first transaction; a turn and its
follow-ups add what they cost in the transaction that ends them.
"""

from collections.abc import Sequence
from typing import Final

from libs.coach_conversation.errors import BudgetExceeded, RateLimited
from libs.coach_conversation.store import items
from libs.coach_conversation.store.table import (
    Absent,
    Check,
    Clause,
    ConditionFailed,
    Either,
    Less,
    Update,
    Write,
)
from libs.coach_conversation.types import Limits, Usage, UserId

MINUTE_MS: Final = 60_000
DAY_MS: Final = 86_400_000
MICRO_USD_PER_CENT: Final = 10_000


def asked(user_id: UserId, now_ms: int, limits: Limits) -> list[Write]:
    """Return what counts a turn, a chat or a job, and refuses one too many; nothing without limits."""
    writes: list[Write] = []
    if limits.turns_per_minute > 0:
        writes.append(
            Update(
                items.rate_key(user_id, now_ms // MINUTE_MS),
                set={"ttl": now_ms // 1000 + items.RATE_TTL_S},
                add={"turns": 1},
                when=(_below("turns", limits.turns_per_minute),),
            )
        )
    if limits.daily_budget_cents > 0:
        budget = limits.daily_budget_cents * MICRO_USD_PER_CENT
        writes.append(Check(items.spent_key(user_id, now_ms // DAY_MS), when=(_below("microUsd", budget),)))
    return writes


def spent(user_id: UserId, usage: Usage, now_ms: int, limits: Limits) -> list[Write]:
    """Return what adds the cost of model calls to the day's; nothing where there is no budget."""
    micro_usd = round(usage.cost_usd * 1_000_000)
    if limits.daily_budget_cents <= 0 or micro_usd == 0:
        return []
    key = items.spent_key(user_id, now_ms // DAY_MS)
    return [Update(key, set={"ttl": now_ms // 1000 + items.SPENT_TTL_S}, add={"microUsd": micro_usd})]


def refusal(
    failed: ConditionFailed, writes: Sequence[Write], now_ms: int
) -> RateLimited | BudgetExceeded | None:
    """Return how the allowance refused these writes; None where something else did."""
    kinds = {writes[position].key.sk.partition("#")[0] for position in failed.found}
    if "RATE" in kinds:
        return RateLimited(retry_after_s=_until_next_s(MINUTE_MS, now_ms))
    if "SPENT" in kinds:
        return BudgetExceeded(retry_after_s=_until_next_s(DAY_MS, now_ms))
    return None


def _below(counter: str, limit: int) -> Clause:
    return Either((Absent(counter), Less(counter, limit)))


def _until_next_s(period_ms: int, now_ms: int) -> int:
    return max(1, (period_ms - now_ms % period_ms) // 1000)
