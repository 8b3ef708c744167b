"""Signs are weighed: one of them is ordinary talk, several near each other tell."""

import pytest

from libs.coach_conversation.care import assess
from libs.coach_conversation.care.phrases import Hit
from libs.coach_conversation.care.signs import NEAR, Sign, heaviest

ENOUGH = {"hurt": 5, "low": 4}
FALL = Sign("hurt", "falls", 2)
SWELLS = Sign("hurt", "swells", 3)
LONG_AGO = Sign("hurt", "long ago", -4)
TIRED = Sign("low", "tired", 4)


def told(*places: tuple[int, Sign[str]]) -> str | None:
    return heaviest([Hit(start, start + 1, sign) for start, sign in places], ENOUGH)


def test_signs_together_tell_what_none_tells_alone() -> None:
    assert told((0, FALL)) is None
    assert told((0, FALL), (9, SWELLS)) == "hurt"


def test_a_sign_counts_once_however_often_it_is_said() -> None:
    assert told((0, FALL), (2, FALL), (4, FALL)) is None


def test_signs_far_from_each_other_are_not_added() -> None:
    assert told((0, FALL), (NEAR, SWELLS)) == "hurt"
    assert told((0, FALL), (NEAR + 1, SWELLS)) is None


def test_what_speaks_against_it_is_taken_off() -> None:
    assert told((0, FALL), (3, SWELLS), (5, LONG_AGO)) is None


def test_the_kind_that_is_furthest_above_enough_is_told() -> None:
    assert told((0, FALL), (1, SWELLS), (2, TIRED), (3, Sign("low", "alone", 2))) == "low"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("sorted my will and the insurance. feel calm for once. one last swim", "self_harm"),
        ("one last swim before my holiday", None),
        ("wanna die lol. not even joking", "self_harm"),
        ("leg day, wanna die lol", None),
        ("my ankle is puffy and I can't put weight on it since the fall", "acute_injury"),
        ("I fell short of my squat goal, my ankle is stiff", None),
        ("I ate cake and I'm so disgusting, have to run it off", "eating_disorder"),
        ("I ate cake at the party, long run tomorrow", None),
    ],
)
def test_a_hint_is_heard_and_its_ordinary_neighbour_is_not(text: str, kind: str | None) -> None:
    need = assess(text)
    assert (need.kind if need is not None else None) == kind
