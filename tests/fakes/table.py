"""The table port in memory."""

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, assert_never

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

MAX_WRITES = 100


class FakeTable(Table):
    """Keeps copies of what it is given, as DynamoDB would give them back; any thread may use it."""

    def __init__(self, items: Iterable[Item] = ()) -> None:
        self._lock = threading.Lock()
        self._items = {Key(item["pk"], item["sk"]): _kept(item) for item in items}
        self._done: dict[str, Sequence[Write]] = {}

    def read(self, keys: Sequence[Key]) -> dict[Key, Item]:
        with self._lock:
            return {key: _kept(self._items[key]) for key in keys if key in self._items}

    def query(self, query: Query) -> list[Item]:
        pk, sk = ("gsi1pk", "gsi1sk") if query.index else ("pk", "sk")
        with self._lock:
            found = [item for item in self._items.values() if item.get(pk) == query.pk and sk in item]
        found = [item for item in found if _in_range(item[sk], query)]
        found.sort(key=lambda item: item[sk], reverse=query.descending)
        return [_kept(item) for item in found[: query.limit]]

    def commit(self, writes: Sequence[Write], *, token: str | None = None) -> None:
        _check(writes)
        with self._lock:
            if token is not None and token in self._done:
                if self._done[token] != writes:
                    raise ValueError(f"the token {token!r} belongs to other writes")
                return
            failed = {
                position: self._items.get(write.key)
                for position, write in enumerate(writes)
                if not all(_holds(clause, self._items.get(write.key)) for clause in write.when)
            }
            if failed:
                raise ConditionFailed({at: _kept(item) if item else None for at, item in failed.items()})
            for write in writes:
                self._do(write)
            if token is not None:
                self._done[token] = writes

    def _do(self, write: Write) -> None:
        match write:
            case Put(key, item):
                self._items[key] = _kept({**item, "pk": key.pk, "sk": key.sk})
            case Update(key):
                self._items[key] = _kept(_updated(self._items.get(key, {"pk": key.pk, "sk": key.sk}), write))
            case Delete(key):
                self._items.pop(key, None)
            case Check():
                return
            case _:
                assert_never(write)

    def forget_tokens(self) -> None:
        """Let ten minutes pass."""
        self._done.clear()

    def all(self) -> dict[Key, Item]:
        """Return everything, for a test to look at."""
        return self.read(list(self._items))


def _check(writes: Sequence[Write]) -> None:
    keys = [write.key for write in writes]
    if not 0 < len(keys) == len(set(keys)) <= MAX_WRITES:
        raise ValueError(f"a transaction is 1 to {MAX_WRITES} writes of different items: {keys}")


def _in_range(key: str, query: Query) -> bool:
    behind = query.after is None or key > query.after
    return key.startswith(query.prefix) and behind and (query.before is None or key < query.before)


def _updated(item: Mapping[str, Any], write: Update) -> Item:
    added = {name: item.get(name, 0) + amount for name, amount in write.add.items()}
    changed = {**item, **write.set, **added}
    return {name: value for name, value in changed.items() if name not in write.remove}


def _holds(clause: Clause, item: Item | None) -> bool:
    found = item or {}
    match clause:
        case Exists():
            return item is not None
        case Absent(name):
            return name not in found
        case Equals(name, value):
            return name in found and _kind(found[name]) == _kind(value) and found[name] == _kept(value)
        case Less(name, value):
            return name in found and _kind(found[name]) == _kind(value) and found[name] < value
        case OneOf(name, values):
            return any(_holds(Equals(name, value), item) for value in values)
        case Either(clauses):
            return any(_holds(one, item) for one in clauses)
        case _:
            assert_never(clause)


def _kind(value: Any) -> type:
    """Return what values must share to be compared: to the table, True is not 1."""
    kept = _kept(value)
    return float if type(kept) is int else type(kept)


def _kept(value: Any) -> Any:
    """Return a copy with the types that come back: lists, dicts, and ints for whole numbers."""
    match value:
        case None | bool() | str() | int():
            return value
        case float():
            return int(value) if value.is_integer() else value
        case list() | tuple():
            return [_kept(part) for part in value]
        case Mapping():
            return {str(name): _kept(part) for name, part in value.items()}
        case _:
            raise TypeError(f"a {type(value).__name__} cannot be stored")
