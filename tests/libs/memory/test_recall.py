"""Recall by words, until and beside a search by meaning."""

from dataclasses import replace

import pytest

from libs.memory.recall import by_words, pinned
from libs.memory.types import Memory

KNEE = Memory(
    memory_id="m-knee",
    content="My left knee hurts when I squat deep",
    type="constraint",
    importance="high",
    is_coach_specific=False,
    tags=("knee", "squat"),
    coach_id="atlas",
    created_at="2026-11-01T08:00:00.000Z",
    updated_at="2026-11-01T08:00:00.000Z",
)
MORNINGS = replace(
    KNEE, memory_id="m-mornings", content="I like training before work", type="preference", tags=("mornings",)
)
COFFEE = replace(KNEE, memory_id="m-coffee", content="Coffee before runs", importance="low", tags=())


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("How are my squats?", ["m-knee"]),
        ("Does working out in the MORNING matter?", ["m-mornings"]),
        ("Should I have coffee when I am running?", ["m-coffee"]),
        ("What about sleep?", []),
        ("What do you think?", []),
        ("", []),
    ],
)
def test_a_memory_is_found_by_the_words_that_it_shares(text: str, found: list[str]) -> None:
    recalled = by_words(text, [KNEE, MORNINGS, COFFEE], limit=5)
    assert [one.memory.memory_id for one in recalled] == found


def test_the_best_come_first_and_no_more_than_wanted() -> None:
    recalled = by_words("coffee before running hurts my knee", [COFFEE, KNEE, MORNINGS], limit=1)
    assert [(one.memory.memory_id, one.score, one.source) for one in recalled] == [("m-coffee", 0.6, "words")]


def test_important_constraints_are_pinned() -> None:
    assert [one.memory.memory_id for one in pinned([COFFEE, MORNINGS, KNEE], limit=3)] == ["m-knee"]
