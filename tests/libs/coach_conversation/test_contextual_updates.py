from collections.abc import Iterable
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.coach_conversation import contextual_updates, router
from libs.coach_conversation.contextual_updates import (
    FIXED_LINES,
    GREETINGS,
    clean,
    greeting,
    updates,
    wanted,
)
from libs.coach_conversation.router import Analysis
from libs.streaming.events import Contextual

TEXT: Final = "How do I squat deeper?"
ALL: Final = {
    "workoutDetection": {"isWorkoutLog": True},
    "memoryProcessing": {"needsRetrieval": True},
    "contextNeeds": {"needsPineconeSearch": True},
}


def analysed(**value: Any) -> Analysis:
    return router.parse({"userIntent": "question", **value}, TEXT, elapsed_ms=1)


def line(stage: str, content: str) -> dict[str, str]:
    return {"stage": stage, "content": content}


def told(analysis: Analysis, seed: str = "t-1") -> list[tuple[str, str]]:
    return [(event.stage, event.content) for event in updates(analysis, seed=seed)]


def test_the_greetings_are_these_nine() -> None:
    assert GREETINGS == (
        "Alright, let's work.",
        "I hear you.",
        "Let's figure this out.",
        "Got it, let's go.",
        "Right on.",
        "Let's dive in.",
        "I'm on it.",
        "Let's tackle this.",
        "Copy that.",
    )


def test_every_greeting_has_its_turn() -> None:
    greeted = {greeting(f"{number:x}").content for number in range(64)}
    assert greeted == {f"{text}\n" for text in GREETINGS}


def test_the_same_turn_is_greeted_the_same() -> None:
    assert greeting("t-1") == greeting("t-1") == Contextual("initial_greeting", greeting("t-1").content)


@pytest.mark.parametrize(
    ("text", "expected"), [("Hi", False), ("1234567", False), ("   hello   ", False), ("12345678", True)]
)
def test_only_messages_from_eight_characters_get_asides(text: str, *, expected: bool) -> None:
    assert wanted(text) is expected


def test_there_are_three_fixed_lines_a_stage() -> None:
    stages = ["workout_analysis", "memory_analysis", "pattern_analysis", "insights_brewing"]
    assert list(FIXED_LINES) == stages
    assert [len(lines) for lines in FIXED_LINES.values()] == [3, 3, 3, 3]


def test_a_router_that_fell_back_gets_fixed_lines() -> None:
    ((stage, content),) = told(router.fallback(TEXT, elapsed_ms=1))
    assert stage == "insights_brewing"
    assert content.removesuffix("\n\n") in FIXED_LINES["insights_brewing"]


def test_the_routers_lines_are_told_in_the_order_of_the_stages() -> None:
    lines = [line("insights_brewing", "4"), line("workout_analysis", "1"), line("memory_analysis", "2")]
    analysis = analysed(contextualUpdates=[*lines, line("pattern_analysis", "3")], **ALL)
    assert told(analysis) == [
        ("workout_analysis", "1\n\n"),
        ("memory_analysis", "2\n\n"),
        ("pattern_analysis", "3\n\n"),
        ("insights_brewing", "4\n\n"),
    ]


def test_a_stage_that_the_turn_does_not_have_is_not_told() -> None:
    lines = [line("workout_analysis", "1"), line("initial_greeting", "0"), line("insights_brewing", "4")]
    assert told(analysed(contextualUpdates=lines)) == [("insights_brewing", "4\n\n")]


def test_a_router_that_said_nothing_for_a_stage_is_not_spoken_for() -> None:
    assert told(analysed(contextualUpdates=[line("workout_analysis", "1")], **ALL)) == [
        ("workout_analysis", "1\n\n")
    ]


def test_nothing_is_told_where_the_router_says_so() -> None:
    assert (
        told(analysed(showContextualUpdates=False, contextualUpdates=[line("insights_brewing", "4")])) == []
    )


def test_a_memory_request_has_its_aside_too() -> None:
    memory = {"isMemoryRequest": True}
    assert told(
        analysed(memoryProcessing=memory, contextualUpdates=[line("memory_analysis", "Noted...")])
    ) == [("memory_analysis", "Noted...\n\n")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Scouting your squats...", "Scouting your squats..."),
        ('"Scouting your squats..."', "Scouting your squats..."),
        ("'Scouting'", "Scouting"),
        ("“Scouting”", "Scouting"),
        ("«Scouting»", "Scouting"),
        ("`Scouting`", "Scouting"),
        ("\"“ 'Scouting' ”\"", "Scouting"),
        ('It\'s your "big" day', 'It\'s your "big" day'),
        ("  one\n\ntwo\t three \r\n", "one two three"),
        ("", ""),
        (" \n ", ""),
        ('""', ""),
        ('"', ""),
        ("x" * 300, "x" * 200),
    ],
)
def test_a_line_is_one_line_without_quotes_and_not_long(text: str, expected: str) -> None:
    assert clean(text) == expected


@given(st.text())
def test_no_line_keeps_quotes_around_it(text: str) -> None:
    kept = clean(text)
    assert len(kept) <= 200
    assert "\n" not in kept
    assert not (kept.startswith('"') and kept.endswith('"'))


def _lines() -> Iterable[str]:
    return (text for lines in FIXED_LINES.values() for text in lines)


@pytest.mark.parametrize("text", [*_lines()])
def test_a_fixed_line_is_already_clean_and_ends_with_dots(text: str) -> None:
    assert clean(text) == text
    assert text.endswith("...")


def test_router_and_asides_agree_on_what_is_short() -> None:
    assert contextual_updates.SHORT_MESSAGE == router.SHORT_MESSAGE == 8
