"""Which candidates are shown, and in which order."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.memory.candidates import Candidate, Question
from libs.memory.retrieval import MINILM, NGRAMS, rank, retrieve

NOW: Final = datetime(2026, 3, 1, tzinfo=UTC)


def said(id_: str, text: str = "", similarity: float | None = 0.5, **more: object) -> Candidate:
    return replace(Candidate(id_, "", text or id_, similarity), **more)  # type: ignore[arg-type]


def order(question: str, *candidates: Candidate) -> list[str]:
    return [scored.candidate.id for scored in rank(Question(question, NOW), candidates)]


candidates = st.lists(
    st.builds(
        Candidate,
        id=st.uuids().map(str),
        type=st.sampled_from(["", "goal", "preference", "exchange"]),
        text=st.one_of(
            st.text(), st.sampled_from(["Squats hurt.", "Ran 5 km yesterday.", "日本語", "Größe 42!"])
        ),
        similarity=st.one_of(st.none(), st.floats(-1, 1)),
        created_at=st.one_of(st.none(), st.datetimes(timezones=st.just(UTC))),
        neighbour=st.text(max_size=20),
        importance=st.sampled_from(["low", "medium", "high"]),
        speaker=st.sampled_from(["", "Nora", "Tom"]),
        nearby=st.one_of(st.none(), st.floats(-1, 1)),
    ),
    max_size=8,
)


@given(st.text(), candidates, st.integers(1, 5), st.sampled_from([MINILM, NGRAMS]))
def test_scores_lie_between_nothing_and_one_and_fall(
    text: str, found: list[Candidate], limit: int, tuning: object
) -> None:
    question = Question(text, NOW, limit)
    ranked = rank(question, found, tuning)  # type: ignore[arg-type]
    scores = [scored.score for scored in ranked]
    assert all(0.0 <= score <= 1.0 for score in scores)
    assert scores == sorted(scores, reverse=True)
    assert sorted(scored.candidate.id for scored in ranked) == sorted(one.id for one in found)
    shown = retrieve(question, found, tuning)  # type: ignore[arg-type]
    assert len(shown) <= limit
    assert [one for one in ranked if one in shown] == list(shown)


@given(candidates, st.randoms())
def test_the_order_of_the_search_changes_no_score(found: list[Candidate], random: object) -> None:
    shuffled = list(found)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    asked = Question("How far did Nora run?", NOW)
    scores = {one.candidate.id: one.score for one in rank(asked, found)}
    assert {one.candidate.id: one.score for one in rank(asked, shuffled)} == pytest.approx(scores)


@given(st.integers(0, 100), st.integers(0, 100))
def test_of_equal_texts_the_nearer_comes_first(one: int, other: int) -> None:
    first, second = order("knee", said("a", "text", one / 100), said("b", "text", other / 100))
    assert (first, second) == (("a", "b") if one >= other else ("b", "a"))


def test_nothing_is_shown_of_nothing() -> None:
    assert retrieve(Question("anything?", NOW), ()) == ()
    assert rank(Question("", NOW), ()) == []


def test_a_question_about_something_else_shows_nothing() -> None:
    far = [said(str(n), f"Squats on day {n}.", 0.05) for n in range(50)]
    assert retrieve(Question("What is the capital of Mongolia?", NOW), far) == ()


def test_what_says_the_same_is_shown_once_but_not_what_differs_in_a_side() -> None:
    knee = [
        said("left", "My left knee hurts.", 0.8),
        said("again", "My left knee hurts!", 0.79),
        said("right", "My right knee hurts.", 0.78),
    ]
    shown = retrieve(Question("knee pain", NOW), knee)
    assert [scored.candidate.id for scored in shown] == ["left", "right"]


def test_words_decide_between_texts_that_are_equally_near() -> None:
    assert order("the Asics shoes", said("a", "New boots."), said("b", "New Asics shoes."))[0] == "b"


def test_an_older_goal_gives_way_to_a_newer_one_and_a_preference_does_not() -> None:
    old, new = NOW - timedelta(days=400), NOW
    goals = [said("old", "x", created_at=old, type="goal"), said("new", "x", created_at=new, type="goal")]
    likes = [replace(goal, type="preference") for goal in goals]
    assert order("x?", *goals) == ["new", "old"]
    assert order("x?", *likes) == ["old", "new"]


def test_a_memory_of_tomorrow_is_not_fresher_than_one_of_now() -> None:
    now, later = (said("a", created_at=at, type="goal", text="x") for at in (NOW, NOW + timedelta(days=9)))
    scores = [one.score for one in rank(Question("x", NOW), [now, later])]
    assert scores[0] == scores[1]


def test_what_stands_beside_something_near_comes_before_what_does_not() -> None:
    assert order("?", said("a", "Yes."), said("b", "Yes.", nearby=0.9), said("c", "Yes.", nearby=0.1)) == [
        "b",
        "a",
        "c",
    ]


def test_who_says_more_answers_sooner_but_a_statement_is_never_too_short() -> None:
    more = "My new bicycle is a red one with three gears."
    assert order("?", said("short", "Yes."), said("more", more))[0] == "more"
    assert order("?", said("short", "Yes.", type="goal"), said("more", more, type="goal"))[0] == "short"


def test_the_one_whom_the_question_names_is_heard_first() -> None:
    pets = [said("t", "A cat.", speaker="Tom"), said("n", "A cat.", speaker="Nora")]
    assert order("What's Nora's pet?", *pets) == ["n", "t"]
    assert order("Do Nora and Tom have a pet?", *pets) == ["t", "n"]


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("When did the shop open?", "time"),
        ("How many people came to the shop?", "number"),
        ("What does the shop sell?", "neither"),
        ("Wann hat der Laden geöffnet?", "neither"),
    ],
)
def test_a_time_answers_when_and_a_number_how_many(question: str, first: str) -> None:
    shop = [
        said("neither", "The shop was full."),
        said("time", "The shop opened last Friday."),
        said("number", "The shop had forty visitors."),
    ]
    fits = {one.candidate.id: one.score for one in rank(Question(question, NOW), shop)}
    if first == "neither":
        assert order(question, *shop[::-1])[-1] != "neither" or fits["neither"] == min(fits.values())
    else:
        assert order(question, *shop)[0] == first
