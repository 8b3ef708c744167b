import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.coach_conversation.store.ids import body_hash, is_ulid, iso, next_ulid, turn_id

MILLISECONDS = st.integers(0, 2**48 - 1)
RANDOM = st.integers(0, 2**80 - 1)


def test_a_ulid_is_time_then_chance() -> None:
    # the example of the specification: 01ARZ3NDEK is this time
    assert next_ulid(now_ms=1_469_922_850_259, random_80=0) == "01ARZ3NDEK0000000000000000"
    assert next_ulid(now_ms=1_469_922_850_259, random_80=2**80 - 1) == "01ARZ3NDEKZZZZZZZZZZZZZZZZ"


def test_the_alphabet_leaves_out_letters_that_look_like_others() -> None:
    number = int("".join(f"{digit:05b}" for digit in range(16, 32)), 2)
    assert next_ulid(now_ms=0, random_80=number)[10:] == "GHJKMNPQRSTVWXYZ"


@given(MILLISECONDS, RANDOM)
def test_what_is_drawn_is_a_ulid(now_ms: int, random_80: int) -> None:
    assert is_ulid(next_ulid(now_ms=now_ms, random_80=random_80))


@given(MILLISECONDS, RANDOM, MILLISECONDS, RANDOM)
def test_a_ulid_is_greater_than_the_one_before_whatever_the_clock_says(
    first_ms: int, first: int, then_ms: int, then: int
) -> None:
    before = next_ulid(now_ms=first_ms, random_80=first)
    assert next_ulid(now_ms=then_ms, random_80=then, after=before) > before


@given(MILLISECONDS, RANDOM, MILLISECONDS, RANDOM)
def test_ulids_are_in_the_order_of_their_times(first_ms: int, first: int, then_ms: int, then: int) -> None:
    one, other = (next_ulid(now_ms=ms, random_80=by) for ms, by in ((first_ms, first), (then_ms, then)))
    assert (one < other) == ((first_ms, first) < (then_ms, then))


def test_within_a_millisecond_the_number_counts_up() -> None:
    assert (
        next_ulid(now_ms=5, random_80=3, after="0000000005000000000000000Z") == "00000000050000000000000010"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("01ARZ3NDEK0000000000000000", True),
        ("7ZZZZZZZZZZZZZZZZZZZZZZZZZ", True),
        ("80000000000000000000000000", False),
        ("01ARZ3NDEK000000000000000", False),
        ("01ARZ3NDEK00000000000000000", False),
        ("01arz3ndek0000000000000000", False),
        ("01ARZ3NDEK000000000000000U", False),
        ("01ARZ3NDEK000000000000000#", False),
        ("", False),
    ],
)
def test_only_26_digits_of_the_alphabet_are_a_ulid(text: str, *, expected: bool) -> None:
    assert is_ulid(text) is expected


def test_the_same_key_names_the_same_turn() -> None:
    assert turn_id("alice", "c-1", "header:k") == turn_id("alice", "c-1", "header:k")
    assert len(turn_id("alice", "c-1", "header:k")) == 32


def test_a_turn_id_says_nothing_of_the_key() -> None:
    assert set(turn_id("alice", "c-1", "message:please no #")) <= set("0123456789abcdef")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (turn_id("a", "b", "c"), turn_id("a", "bc", "")),
        (turn_id("a", "b", "c"), turn_id("ab", "", "c")),
        (turn_id("a", "b", "c"), turn_id("b", "a", "c")),
        (turn_id("alice", "c", "k"), turn_id("bob", "c", "k")),
        (turn_id("alice", "c-1", "k"), turn_id("alice", "c-2", "k")),
        (body_hash("a", "b"), body_hash("", "ab")),
        (body_hash("atlas", "Hi"), body_hash("atlas", "Hi ")),
        (body_hash("atlas", "Hi"), body_hash("nova", "Hi")),
        (body_hash("a", "b"), turn_id("a", "b", "")),
    ],
)
def test_different_parts_have_different_hashes(one: str, other: str) -> None:
    assert one != other


@pytest.mark.parametrize(
    ("now_ms", "expected"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_795_248_000_000, "2026-11-21T08:00:00.000Z"),
        (1_795_248_000_007, "2026-11-21T08:00:00.007Z"),
        (1_795_248_000_999, "2026-11-21T08:00:00.999Z"),
    ],
)
def test_times_are_iso_8601_in_utc_to_the_millisecond(now_ms: int, expected: str) -> None:
    assert iso(now_ms) == expected
