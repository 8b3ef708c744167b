"""Texts as terms, and how well they answer by their words alone."""

from datetime import UTC, datetime
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.memory.bm25 import Rarity, bm25
from libs.memory.candidates import Candidate
from libs.memory.lexical import lexical_scores
from libs.memory.speakers import speakers, split, without_names
from libs.memory.tokens import content_words, sentences, stem, terms

FRIDAY: Final = datetime(2026, 5, 8, tzinfo=UTC)


def said(text: str, **more: object) -> Candidate:
    return Candidate("id", "", text, None, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("forms", "same"),
    [
        ("squat squats squatted squatting", "squat"),
        ("run runs running ran", "run"),
        ("story stories", "stori"),
        ("knees knee", "knee"),
        ("children child", "child"),
        ("press", "press"),
        ("is", "is"),
        ("straße", "straße"),
    ],
)
def test_the_forms_of_a_word_are_one_term(forms: str, same: str) -> None:
    assert {stem(form) for form in forms.split()} == {same}


def test_stop_words_say_nothing_and_numbers_keep_their_decimals() -> None:
    assert terms("What did I do with the 2.5 kg plates?") == ["2.5", "kg", "plat"]
    assert content_words("what is it") == ""


def test_sentences_end_with_their_marks_and_at_new_lines() -> None:
    assert sentences("Hi! I ran 2.5 km.\nYou?  ") == ["Hi!", "I ran 2.5 km.", "You?"]
    assert sentences(" \n") == []


def test_a_sentence_that_holds_all_asked_for_scores_one() -> None:
    (score,) = lexical_scores("sore knee", [said("A sore knee.")])
    assert score == pytest.approx(1.0)


def test_one_sentence_with_both_words_beats_two_with_one_each() -> None:
    together, apart = lexical_scores(
        "blue vase", [said("The blue vase. It broke."), said("The vase fell. It is blue.")]
    )
    assert together > apart > 0.0


def test_what_a_neighbour_says_counts_by_half_and_the_length_of_it_counts_too() -> None:
    own, beside, nothing = lexical_scores(
        "dog name",
        [said("The dog has a name."), said("Biscuit.", neighbour="The dog has a name."), said("Biscuit.")],
    )
    assert own > beside > nothing == 0.0


def test_a_rare_word_says_more_than_one_that_all_texts_hold() -> None:
    rare, common, *_ = lexical_scores(
        "training vase", [said("a vase"), said("my training"), *[said("training day")] * 5]
    )
    assert rare > 2 * common


@pytest.mark.parametrize("question", ["What did I do on Friday?", "in May", "2026", "on the 8th of May"])
def test_a_text_is_found_by_the_day_it_was_said(question: str) -> None:
    dated, undated = lexical_scores(question, [said("Went out.", created_at=FRIDAY), said("Went out.")])
    assert dated > undated


def test_a_text_is_found_by_its_speaker() -> None:
    hers, his = lexical_scores("Nora", [said("Hello.", speaker="Nora"), said("Hello.", speaker="Tom")])
    assert hers > his == 0.0


@given(
    st.text(), st.lists(st.tuples(st.text(), st.text(max_size=9), st.sampled_from(["", "Ann"])), max_size=5)
)
def test_any_words_give_a_score_that_is_no_less_than_nothing(
    question: str, texts: list[tuple[str, str, str]]
) -> None:
    found = [said(text, neighbour=beside, speaker=name) for text, beside, name in texts]
    scores = lexical_scores(question, found)
    assert len(scores) == len(found)
    assert all(0.0 <= score <= 2.2 for score in scores)


@given(st.lists(st.lists(st.sampled_from("abcde"), max_size=4), min_size=1, max_size=6))
def test_a_term_of_fewer_texts_never_weighs_less(texts: list[list[str]]) -> None:
    rarity = Rarity.of(texts)
    held = {term: sum(term in text for text in texts) for term in "abcdef"}
    for one in held:
        for other in held:
            if held[one] < held[other]:
                assert rarity[one] >= rarity[other]


def test_a_question_is_summed_in_one_order_in_every_process() -> None:
    terms_ = ["wrist", "ice", "dough", "name", "greyhound", "shelter", "four", "years"]
    shares = Rarity.of([terms_, terms_[:3]]).shares(terms_)
    assert list(shares) == sorted(terms_)
    assert sum(shares.values()) == pytest.approx(1.0)
    assert Rarity.of([]).shares([]) == {}


def test_more_of_a_term_helps_less_and_less() -> None:
    rarity = Rarity.of([["a"], ["b"]])
    shares = rarity.shares(["a"])
    once, twice, often = (bm25(shares, {"a": n}, relative_length=1.0) for n in (1.0, 2.0, 50.0))
    assert once == pytest.approx(1.0)
    assert twice - once > (often - twice) / 48 > 0


@pytest.mark.parametrize("text", ["squat " * 20_000, "x" * 100_000, "a.b " * 30_000, "9," * 50_000])
def test_huge_texts_are_read(text: str) -> None:
    assert len(lexical_scores("squat a 9", [said(text, neighbour=text)])) == 1


# Who speaks


def test_names_at_the_head_of_texts_are_speakers_when_they_come_again() -> None:
    texts = ["Nora: Hi!", "Tom: Hey Nora.", "[8 May, 2023] Nora: Bye.", "Tom said, see you.", "Note: milk."]
    assert speakers(texts) == {"Nora", "Tom"}


def test_people_who_are_greeted_by_name_are_speakers() -> None:
    assert speakers(["Hey Mel, how are you?", "Thanks, Mel!", "Hi there!"]) == {"Mel"}


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Nora: I ran.", ("Nora", "I ran.")),
        ("(3 pm) Nora: I ran: far.", ("Nora", "I ran: far.")),
        ("Max: I ran.", ("", "Max: I ran.")),
        ("Nora:", ("", "Nora:")),
        ("", ("", "")),
    ],
)
def test_a_text_is_split_into_its_speaker_and_what_is_said(text: str, parts: tuple[str, str]) -> None:
    assert split(text, {"Nora"}) == parts


def test_names_go_out_of_a_question_unless_nothing_is_left() -> None:
    assert without_names("What is Nora's dog called?", {"Nora", "Tom"}) == "What is dog called?"
    assert without_names("Nora?", {"Nora"}) == "Nora?"
    assert without_names("Where is Norah?", {"Nora"}) == "Where is Norah?"
