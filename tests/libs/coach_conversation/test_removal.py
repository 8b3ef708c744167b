from typing import Final

from libs.coach_conversation.personal_data import removal
from libs.coach_conversation.store.table import Item, Key, Put
from tests.fakes.faults import FaultyTable
from tests.fakes.table import FakeTable

LARGE: Final = "x" * 390_000


def kept(count: int, text: str) -> tuple[FaultyTable, list[Item]]:
    table = FakeTable()
    table.commit([Put(Key("p", "other"), {})])
    for number in range(count):
        table.commit([Put(Key("p", f"{number:03d}"), {"content": text})])
    found = [item for key, item in table.all().items() if key.sk != "other"]
    return FaultyTable(table), found


def test_many_small_items_go_in_one_transaction() -> None:
    table, found = kept(250, "short")
    removal.delete(found, table)
    assert table.done == ["commit"] * 3
    assert list(table.read([*(Key("p", f"{number:03d}") for number in range(250)), Key("p", "other")])) == [
        Key("p", "other")
    ]


def test_a_transaction_of_large_items_holds_less_than_it_may() -> None:
    table, found = kept(5, LARGE)
    removal.delete(found, table)
    assert table.done == ["commit"] * 3


def test_nothing_is_deleted_without_a_transaction() -> None:
    table, _ = kept(0, "")
    removal.delete([], table)
    assert table.done == []
