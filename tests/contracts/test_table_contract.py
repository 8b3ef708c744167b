"""What every table does, the fake and the adapter: see the port in libs/coach_conversation/store/table.py."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest

from libs.coach_conversation.store.ids import next_ulid
from libs.coach_conversation.store.items import INDEX
from libs.coach_conversation.store.table import (
    Absent,
    Check,
    Clause,
    ConditionFailed,
    Delete,
    Either,
    Equals,
    Exists,
    Item,
    Key,
    Less,
    OneOf,
    Put,
    Query,
    Table,
    Update,
    Write,
)

MOTO: Final = "moto"
NOTHING: Final[dict[str, Any]] = {}


def put(table: Table, pk: str, *sks: str, **attributes: Any) -> None:
    for sk in sks:
        table.commit([Put(Key(pk, sk), attributes)])


def found(table: Table, pk: str, sk: str = "a") -> dict[str, Any] | None:
    """Return the item without its key."""
    key = Key(pk, sk)
    item = table.read([key]).get(key)
    return None if item is None else {name: value for name, value in item.items() if name not in ("pk", "sk")}


def refusal(table: Table, write: Write) -> Mapping[int, Item | None] | None:
    """Return what was found where a condition failed; None when the write happened."""
    try:
        table.commit([write])
    except ConditionFailed as failed:
        return failed.found
    return None


def sort_keys(table: Table, pk: str, **wanted: Any) -> list[str]:
    return [item["sk"] for item in table.query(Query(**{"pk": pk, "limit": 100, **wanted}))]


# Reading


def test_an_item_that_is_not_there_is_not_found(table: Table, pk: str) -> None:
    assert table.read([Key(pk, "a")]) == {}


def test_several_items_are_read_at_once(table: Table, pk: str) -> None:
    put(table, pk, "a", "c", name="x")
    assert table.read([Key(pk, "a"), Key(pk, "b"), Key(pk, "c")]) == {
        Key(pk, "a"): {"pk": pk, "sk": "a", "name": "x"},
        Key(pk, "c"): {"pk": pk, "sk": "c", "name": "x"},
    }


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        pytest.param("", "", id="empty text"),
        pytest.param(
            "Grüße 🏋️‍♀️ \U00020000 e\u0301 \u2028", "Grüße 🏋️‍♀️ \U00020000 e\u0301 \u2028", id="unicode"
        ),
        pytest.param(
            '{"a":"\\u0000"}\r\n\t\x00\x1f', '{"a":"\\u0000"}\r\n\t\x00\x1f', id="control characters"
        ),
        pytest.param("<a href='x'>&amp;</a>", "<a href='x'>&amp;</a>", id="markup"),
        pytest.param(True, True, id="true"),
        pytest.param(False, False, id="false"),
        pytest.param(None, None, id="null"),
        pytest.param(0, 0, id="zero"),
        pytest.param(-7, -7, id="negative"),
        pytest.param(10**37 + 1, 10**37 + 1, id="38 digits"),
        pytest.param(1_795_248_000_000, 1_795_248_000_000, id="milliseconds"),
        pytest.param(0.1, 0.1, id="float"),
        pytest.param(0.00000035, 0.00000035, id="small float"),
        pytest.param(-2.5e-7, -2.5e-7, id="exponent"),
        pytest.param(3.0, 3, id="whole float"),
        pytest.param(1e16, 10**16, id="large whole float"),
        pytest.param([], [], id="empty list"),
        pytest.param((1, "a", None), [1, "a", None], id="tuple"),
        pytest.param({}, {}, id="empty map"),
        pytest.param({"é": {"a.b#c": [{"x": [[]]}]}}, {"é": {"a.b#c": [{"x": [[]]}]}}, id="nested"),
        pytest.param("x" * 300_000, "x" * 300_000, id="300 KB"),
        pytest.param("🏃" * 75_000, "🏃" * 75_000, id="300 KB of emoji"),
    ],
)
def test_values_come_back(table: Table, pk: str, given: object, stored: object) -> None:
    put(table, pk, "a", value=given)
    value = (found(table, pk) or {})["value"]
    assert (value, type(value)) == (stored, type(stored))


def test_reserved_words_are_names_like_any_other(table: Table, pk: str) -> None:
    key = Key(pk, "a")
    table.commit([Put(key, {"status": "new", "ttl": 1, "parts": [], "role": "user", "add": 1})])
    table.commit(
        [Update(key, set={"status": "old"}, add={"add": 1}, remove=("role",), when=(Absent("size"),))]
    )
    assert found(table, pk) == {"status": "old", "ttl": 1, "parts": [], "add": 2}


def test_what_was_given_or_got_can_be_changed_without_effect(table: Table, pk: str) -> None:
    given: dict[str, Any] = {"list": [1]}
    put(table, pk, "a", **given)
    given["list"].append(2)
    (found(table, pk) or {})["list"].append(3)
    assert found(table, pk) == {"list": [1]}


# Conditions

ITEM: Final = {"n": 5, "text": "b", "flag": True, "empty": "", "nothing": None, "list": ["x"], "cost": 0.1}
MOTO_DIFFERS: Final[dict[Clause, str]] = {
    Equals("flag", 1): "moto compares as Python does, where True is 1",
    Equals("other", None): "moto takes an attribute that is not there for null",
    Less("text", 9): "moto fails on values of two types",
    Less("n", "9"): "moto fails on values of two types",
}


@pytest.mark.parametrize(
    ("clause", "holds"),
    [
        (Exists(), True),
        (Absent("pk"), False),
        (Absent("n"), False),
        (Absent("other"), True),
        (Absent("nothing"), False),
        (Equals("n", 5), True),
        (Equals("n", 5.0), True),
        (Equals("n", 6), False),
        (Equals("n", "5"), False),
        (Equals("cost", 0.1), True),
        (Equals("flag", True), True),
        (Equals("flag", False), False),
        (Equals("flag", 1), False),
        (Equals("text", "b"), True),
        (Equals("text", "B"), False),
        (Equals("empty", ""), True),
        (Equals("nothing", None), True),
        (Equals("list", ("x",)), True),
        (Equals("other", None), False),
        (Equals("other", ""), False),
        (Less("n", 6), True),
        (Less("n", 5), False),
        (Less("n", 5.5), True),
        (Less("text", "ba"), True),
        (Less("text", "b"), False),
        (Less("text", "a"), False),
        (Less("empty", "0"), True),
        (Less("text", 9), False),
        (Less("n", "9"), False),
        (Less("other", 9), False),
        (OneOf("text", ("a", "b")), True),
        (OneOf("text", ("a",)), False),
        (OneOf("other", ("a",)), False),
        (Either((Absent("other"), Less("n", 1))), True),
        (Either((Absent("n"), Less("n", 9))), True),
        (Either((Absent("n"), Less("n", 1))), False),
    ],
    ids=repr,
)
def test_a_condition_lets_a_write_happen_or_not(
    table: Table, pk: str, kind: str, clause: Clause, *, holds: bool
) -> None:
    if kind == MOTO and clause in MOTO_DIFFERS:
        pytest.skip(MOTO_DIFFERS[clause])
    put(table, pk, "a", **ITEM)
    failed = refusal(table, Update(Key(pk, "a"), set={"n": 0}, when=(clause,)))
    assert failed == (None if holds else {0: {"pk": pk, "sk": "a", **ITEM}})
    assert (found(table, pk) or {})["n"] == (0 if holds else 5)


@pytest.mark.parametrize(
    ("clause", "holds"),
    [
        (Exists(), False),
        (Absent("pk"), True),
        (Absent("other"), True),
        (Equals("n", 1), False),
        (Less("n", 1), False),
        (OneOf("n", (1,)), False),
        (Either((Exists(), Absent("n"))), True),
    ],
    ids=repr,
)
def test_a_condition_on_an_item_that_is_not_there(
    table: Table, pk: str, clause: Clause, *, holds: bool
) -> None:
    failed = refusal(table, Put(Key(pk, "a"), NOTHING, when=(clause,)))
    assert failed == (None if holds else {0: None})
    assert found(table, pk) == ({} if holds else None)


def test_all_clauses_must_hold(table: Table, pk: str) -> None:
    put(table, pk, "a", n=1)
    with pytest.raises(ConditionFailed):
        table.commit([Update(Key(pk, "a"), set={"n": 2}, when=(Exists(), Equals("n", 7)))])
    assert found(table, pk) == {"n": 1}


# Writing


def test_a_put_replaces_the_whole_item(table: Table, pk: str) -> None:
    put(table, pk, "a", old=1)
    put(table, pk, "a", new=2)
    assert found(table, pk) == {"new": 2}


def test_an_update_sets_adds_and_removes(table: Table, pk: str) -> None:
    put(table, pk, "a", kept="k", changed=1, count=2, gone=True)
    change = Update(
        Key(pk, "a"),
        set={"changed": "c", "new": [1]},
        add={"count": 3, "started": 1},
        remove=("gone", "never"),
    )
    table.commit([change])
    assert found(table, pk) == {"kept": "k", "changed": "c", "new": [1], "count": 5, "started": 1}


def test_an_update_makes_the_item_where_there_is_none(table: Table, pk: str) -> None:
    table.commit([Update(Key(pk, "a"), set={"n": 1}, add={"count": 1}, remove=("gone",))])
    assert found(table, pk) == {"n": 1, "count": 1}


def test_a_deleted_item_is_gone(table: Table, pk: str) -> None:
    put(table, pk, "a", "b")
    table.commit([Delete(Key(pk, "a"))])
    assert sort_keys(table, pk) == ["b"]


def test_deleting_what_is_not_there_does_nothing(table: Table, pk: str) -> None:
    table.commit([Delete(Key(pk, "a"))])
    assert found(table, pk) is None


def test_a_delete_whose_condition_fails_deletes_nothing(table: Table, pk: str) -> None:
    put(table, pk, "a", n=1)
    with pytest.raises(ConditionFailed) as caught:
        table.commit([Delete(Key(pk, "a"), when=(Equals("n", 2),))])
    assert caught.value.found == {0: {"pk": pk, "sk": "a", "n": 1}}
    assert found(table, pk) == {"n": 1}


def test_several_writes_happen_together(table: Table, pk: str) -> None:
    put(table, pk, "b", n=1)
    put(table, pk, "c")
    table.commit([Put(Key(pk, "a"), {"n": 1}), Update(Key(pk, "b"), add={"n": 1}), Delete(Key(pk, "c"))])
    assert [found(table, pk, sk) for sk in "abc"] == [{"n": 1}, {"n": 2}, None]


def test_nothing_happens_when_one_condition_fails(table: Table, pk: str) -> None:
    put(table, pk, "b", "c", "d", n=1)
    with pytest.raises(ConditionFailed):
        table.commit(
            [
                Put(Key(pk, "a"), NOTHING),
                Update(Key(pk, "b"), set={"n": 9}),
                Delete(Key(pk, "c")),
                Update(Key(pk, "d"), set={"n": 9}, when=(Equals("n", 2),)),
            ]
        )
    assert [found(table, pk, sk) for sk in "abcd"] == [None, {"n": 1}, {"n": 1}, {"n": 1}]


def test_a_check_writes_nothing_and_lets_the_others_happen_or_not(table: Table, pk: str) -> None:
    put(table, pk, "a", state="open")
    others = Put(Key(pk, "b"), {"n": 1})
    with pytest.raises(ConditionFailed) as refused:
        table.commit([others, Check(Key(pk, "a"), when=(Equals("state", "shut"),))])
    assert refused.value.found == {1: {"pk": pk, "sk": "a", "state": "open"}}
    assert sort_keys(table, pk) == ["a"]
    table.commit([others, Check(Key(pk, "a"), when=(Equals("state", "open"),))])
    assert (found(table, pk), found(table, pk, "b")) == ({"state": "open"}, {"n": 1})


def test_a_check_of_what_is_not_there_makes_nothing(table: Table, pk: str) -> None:
    table.commit([Put(Key(pk, "b"), {}), Check(Key(pk, "a"), when=(Absent("pk"),))])
    assert sort_keys(table, pk) == ["b"]


def test_each_failed_condition_is_named_with_the_item_that_stood_there(table: Table, pk: str) -> None:
    put(table, pk, "b", n=1, text="ü", parts=[{"length": 3}])
    with pytest.raises(ConditionFailed) as caught:
        table.commit(
            [
                Put(Key(pk, "a"), NOTHING),
                Put(Key(pk, "b"), NOTHING, when=(Absent("pk"),)),
                Put(Key(pk, "c"), NOTHING, when=(Absent("pk"),)),
                Update(Key(pk, "d"), set={"n": 1}, when=(Exists(),)),
            ]
        )
    assert caught.value.found == {
        1: {"pk": pk, "sk": "b", "n": 1, "text": "ü", "parts": [{"length": 3}]},
        3: None,
    }


def test_of_many_who_put_the_same_item_one_wins(table: Table, pk: str, kind: str) -> None:
    if kind == MOTO:
        pytest.skip("moto's writes take no lock of their own")

    def try_to_put(number: int) -> bool:
        writes = [Put(Key(pk, "a"), {"n": number}, when=(Absent("pk"),)), Put(Key(pk, f"b{number}"), NOTHING)]
        try:
            table.commit(writes)
        except ConditionFailed:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = [number for number, done in enumerate(pool.map(try_to_put, range(8))) if done]
    assert len(won) == 1
    assert sort_keys(table, pk) == ["a", f"b{won[0]}"]


# Tokens


@pytest.fixture
def tokens_are_known(kind: str) -> None:
    if kind == MOTO:
        pytest.skip("moto ignores ClientRequestToken: it does the same transaction again")


@pytest.mark.usefixtures("tokens_are_known")
def test_the_same_token_again_does_nothing_more(table: Table, pk: str) -> None:
    writes: list[Write] = [
        Update(Key(pk, "a"), add={"n": 1}),
        Put(Key(pk, "b"), {"n": [1.0, 4e-05, {"n": 1e22}]}, when=(Absent("pk"),)),
    ]
    table.commit(writes, token="token-1")
    table.commit(writes, token="token-1")
    assert found(table, pk) == {"n": 1}


@pytest.mark.usefixtures("tokens_are_known")
def test_a_token_serves_a_single_write_too(table: Table, pk: str) -> None:
    writes: list[Write] = [Update(Key(pk, "a"), add={"n": 1})]
    table.commit(writes, token="token-2")
    table.commit(writes, token="token-2")
    assert found(table, pk) == {"n": 1}


@pytest.mark.usefixtures("tokens_are_known")
def test_the_token_of_a_refused_transaction_is_not_used_up(table: Table, pk: str) -> None:
    writes: list[Write] = [Update(Key(pk, "a"), add={"n": 1}, when=(Exists(),)), Put(Key(pk, "b"), NOTHING)]
    with pytest.raises(ConditionFailed):
        table.commit(writes, token="token-3")
    put(table, pk, "a", n=1)
    table.commit(writes, token="token-3")
    assert found(table, pk) == {"n": 2}


# Ranges


def test_a_range_is_in_the_order_of_its_keys(table: Table, pk: str) -> None:
    put(table, pk, "b", "a", "c", "B", "10", "9")
    assert sort_keys(table, pk) == ["10", "9", "B", "a", "b", "c"]
    assert sort_keys(table, pk, descending=True) == ["c", "b", "a", "B", "9", "10"]


def test_a_range_holds_whole_items_of_its_partition_only(table: Table, pk: str) -> None:
    put(table, pk, "a", text="🙂")
    put(table, f"{pk}2", "a", text="other")
    assert table.query(Query(pk=pk, limit=10)) == [{"pk": pk, "sk": "a", "text": "🙂"}]


def test_a_range_of_nothing_is_empty(table: Table, pk: str) -> None:
    assert table.query(Query(pk=pk, prefix="M#", limit=10)) == []


def test_a_prefix_keeps_what_begins_with_it(table: Table, pk: str) -> None:
    put(table, pk, "META", "M#1", "M#2", "M", "N#1", "m#1")
    assert sort_keys(table, pk, prefix="M#") == ["M#1", "M#2"]


def test_a_limit_keeps_the_first(table: Table, pk: str) -> None:
    put(table, pk, "a", "b", "c")
    assert sort_keys(table, pk, limit=2) == ["a", "b"]
    assert sort_keys(table, pk, limit=2, descending=True) == ["c", "b"]
    assert sort_keys(table, pk, limit=3) == ["a", "b", "c"]


ULIDS: Final = [next_ulid(now_ms=ms, random_80=(1 << 80) - 1) for ms in (1, 31, 32, 1_795_248_000_000)]


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ({"before": 2}, [0, 1]),
        ({"before": 0}, []),
        ({"after": 1}, [2, 3]),
        ({"after": 3}, []),
        ({"after": 0, "before": 3}, [1, 2]),
        ({"after": 1, "before": 2}, []),
    ],
)
def test_bounds_leave_out_their_own_keys(
    table: Table, pk: str, bounds: dict[str, int], expected: list[int], *, descending: bool
) -> None:
    put(table, pk, "EV#1", "META", "N#1", *(f"M#{ulid}" for ulid in ULIDS))
    wanted = {name: f"M#{ULIDS[position]}" for name, position in bounds.items()}
    keys = [f"M#{ULIDS[position]}" for position in expected]
    found = sort_keys(table, pk, prefix="M#", descending=descending, **wanted)
    assert found == (keys[::-1] if descending else keys)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"before": "b"}, ["a", "aa"]),
        ({"after": "a"}, ["aa", "b", "ba"]),
        ({"after": "a", "before": "b"}, ["aa"]),
        ({"after": "a", "before": "ba"}, ["aa", "b"]),
        ({"after": "b", "before": "b"}, []),
        ({"after": "ba", "before": "aa"}, []),
        ({"prefix": "a", "before": "ba"}, ["a", "aa"]),
        ({"prefix": "b", "after": "a"}, ["b", "ba"]),
        ({"prefix": "b", "before": "b"}, []),
        ({"prefix": "a", "after": "b"}, []),
    ],
    ids=repr,
)
def test_bounds_may_lie_anywhere(table: Table, pk: str, wanted: dict[str, str], expected: list[str]) -> None:
    put(table, pk, "a", "aa", "b", "ba")
    assert sort_keys(table, pk, **wanted) == expected


def test_a_cursor_finds_the_next_page_while_items_arrive(table: Table, pk: str) -> None:
    put(table, pk, "M#1", "M#2", "M#3", "M#4")
    assert sort_keys(table, pk, prefix="M#", descending=True, limit=2) == ["M#4", "M#3"]
    put(table, pk, "M#5")
    assert sort_keys(table, pk, prefix="M#", descending=True, limit=2, before="M#3") == ["M#2", "M#1"]


@pytest.mark.parametrize("limit", [5, 6, 100])
def test_a_range_may_be_longer_than_a_megabyte(table: Table, pk: str, limit: int) -> None:
    put(table, pk, *"abcdef", text="x" * 350_000)
    assert sort_keys(table, pk, limit=limit) == list("abcdef")[:limit]
    assert sort_keys(table, pk, limit=limit, descending=True) == list("fedcba")[:limit]


def test_an_index_has_its_own_keys(table: Table, pk: str) -> None:
    put(table, pk, "a", gsi1pk=f"I#{pk}", gsi1sk="K#2", n=1)
    put(table, pk, "b", gsi1pk=f"I#{pk}", gsi1sk="K#1")
    put(table, f"{pk}2", "c", gsi1pk=f"I#{pk}", gsi1sk="L#1")
    assert sort_keys(table, f"I#{pk}", index=INDEX) == ["b", "a", "c"]
    assert sort_keys(table, f"I#{pk}", index=INDEX, prefix="K#", descending=True) == ["a", "b"]
    assert sort_keys(table, f"I#{pk}", index=INDEX, before="K#2") == ["b"]
    assert sort_keys(table, f"I#{pk}", index=INDEX, after="K#1", limit=1) == ["a"]


def test_an_index_holds_the_whole_item(table: Table, pk: str) -> None:
    put(table, pk, "a", gsi1pk=f"I#{pk}", gsi1sk="K#1", n=[1])
    assert table.query(Query(pk=f"I#{pk}", limit=1, index=INDEX)) == [
        {"pk": pk, "sk": "a", "gsi1pk": f"I#{pk}", "gsi1sk": "K#1", "n": [1]}
    ]


def test_what_has_no_index_keys_is_not_in_the_index(table: Table, pk: str) -> None:
    put(table, pk, "a", gsi1pk=f"I#{pk}", gsi1sk="K#1")
    put(table, pk, "b", "c", n=1)
    table.commit([Update(Key(pk, "a"), remove=("gsi1pk", "gsi1sk"))])
    assert sort_keys(table, f"I#{pk}", index=INDEX) == []
