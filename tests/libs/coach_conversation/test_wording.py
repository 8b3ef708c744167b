import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.coach_conversation.care.wording import Spellings, read

SPELLINGS = {"gonna": "going to", "im": "i am", "pian": "pain"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["."]),
        ("My chest hurts", ["my", "chest", "hurts", "."]),
        ("I'm scared. Help!", ["i", "am", "scared", ".", "help", ".", "."]),
        ("I’m gonna faint", ["i", "am", "going", "to", "faint", "."]),
        ("chest pian, again?", ["chest", "pain", ",", "again", ".", "."]),
        ("line one\nline two", ["line", "one", ".", "line", "two", "."]),
        ("5x5 at 80kg", ["5", "x", "5", "at", "80", "kg", "."]),
        ("1,800 kcal, 1.200 kcal, 7.5 km", ["1800", "kcal", ",", "1200", "kcal", ",", "7", "km", "."]),
        ("Ich möchte, größer", ["ich", "mochte", ",", "grosser", "."]),
        ("Mon cœur, l'épaule", ["mon", "coeur", ",", "lepaule", "."]),
        ("sooooo killed 😂💀", ["so", "killed", "lol", "lol", "."]),
        ("self-harm/rest (really)", ["self", "harm", "rest", "really", "."]),
        ("болит грудь", ["."]),
    ],
)
def test_a_message_is_read_as_plain_words(text: str, expected: list[str]) -> None:
    assert read(text, SPELLINGS) == expected


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    words = read(text, SPELLINGS)
    assert words[-1] == "."
    assert all(word and word.isascii() and " " not in word for word in words)


def test_one_slip_of_a_finger_is_read_as_what_is_meant() -> None:
    spellings = Spellings({}, ["suicidal"], set)
    for slip in ("sucidal", "suicdial", "suicidall", "ssuicidal", "suicidsl", "suicida", "suiciadl"):
        assert spellings.get(slip) == "suicidal"
    for other in ("xuicidal", "usicidal", "suicid", "suicidallx", "su1cidal", "suidical", "s"):
        assert spellings.get(other) is None


def test_a_listed_spelling_goes_before_a_slip() -> None:
    assert Spellings({"paim": "paid"}, ["pain"], set).get("paim") == "paid"


def test_a_slip_that_is_a_word_of_its_own_stays_one() -> None:
    spellings = Spellings({}, ["breathe"], lambda: {"breather"})
    assert (spellings.get("breather"), spellings.get("breathee")) == (None, "breathe")
