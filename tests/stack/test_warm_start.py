"""How soon a warm function says `start`, and what it has done by then."""

import statistics

import pytest

from tests.conftest import Figures
from tests.stack.client import Stack

pytestmark = pytest.mark.stack

REQUESTS = 20
WARM_UPS = 8
BUDGET_MS = 50
LOADED_MACHINE_MS = 250
"""Where tests, stack and emulators share two cores with others, the budget itself would be a coin toss."""


def test_twenty_warm_requests_start_within_their_budget(stack: Stack, figures: Figures) -> None:
    conversation = stack.person().begin()
    for _ in range(WARM_UPS):
        conversation.say("/say warm up please")
    starts_ms = sorted(
        conversation.say("/say one two three").of("start")[0].at_s * 1000 for _ in range(REQUESTS)
    )
    p50, p95 = statistics.median(starts_ms), starts_ms[-(-REQUESTS * 95 // 100) - 1]
    figures(
        f"`start` after p50 {p50:.1f} ms, p95 {p95:.1f} ms, max {starts_ms[-1]:.1f} ms; budget {BUDGET_MS}"
    )
    assert p95 < LOADED_MACHINE_MS


def test_the_message_is_durable_before_start_and_before_any_model_answers(stack: Stack) -> None:
    stack.emulator.play(routerMs=1000)
    conversation = stack.person().begin()
    with conversation.stream("/say durable first") as stream:
        start = stream.until("start")
        [user] = conversation.stored()
        operations = stack.emulator.operations()
        stream.read()
    assert (user["role"], user["content"]) == ("user", "/say durable first")
    assert user["turnId"] == start.data["turnId"]
    assert "ConverseStream" not in operations
    assert stream.types[-1] == "complete"
