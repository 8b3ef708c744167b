"""The port to the one table: reads, pages, and writes that all happen or none.

Conditions are data, so that a transition and its condition stand in one place, and the in-memory
fake and the DynamoDB adapter interpret the very same clauses.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

type Item = dict[str, Any]


class Key(NamedTuple):
    """The primary key of an item."""

    pk: str
    sk: str


@dataclass(frozen=True, slots=True)
class Exists:
    """The item is there."""


@dataclass(frozen=True, slots=True)
class Absent:
    """The attribute is not there; `Absent("pk")`: the item is not there."""

    name: str


@dataclass(frozen=True, slots=True)
class Equals:
    name: str
    value: Any


@dataclass(frozen=True, slots=True)
class Less:
    name: str
    value: Any


@dataclass(frozen=True, slots=True)
class OneOf:
    name: str
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """At least one of the clauses holds."""

    clauses: tuple["Clause", ...]


type Clause = Exists | Absent | Equals | Less | OneOf | Either


@dataclass(frozen=True, slots=True)
class Put:
    """Write a whole item."""

    key: Key
    item: Mapping[str, Any]
    when: tuple[Clause, ...] = ()


@dataclass(frozen=True, slots=True)
class Update:
    """Set, add to and remove attributes; makes the item where there is none and `when` allows."""

    key: Key
    set: Mapping[str, Any] = field(default_factory=dict)
    add: Mapping[str, int] = field(default_factory=dict)
    remove: tuple[str, ...] = ()
    when: tuple[Clause, ...] = ()


@dataclass(frozen=True, slots=True)
class Delete:
    key: Key
    when: tuple[Clause, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """Write nothing; the other writes happen only if the item is as `when` says."""

    key: Key
    when: tuple[Clause, ...]


type Write = Put | Update | Delete | Check


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A range of one partition, in the order of its sort keys.

    Shape   sort keys that begin with `prefix`; `before` and `after` exclude their own key;
            `index` names a secondary index, whose keys then take the place of pk and sk
    """

    pk: str
    prefix: str = ""
    before: str | None = None
    after: str | None = None
    limit: int
    descending: bool = False
    consistent: bool = True
    index: str | None = None


class ConditionFailed(Exception):
    """At least one condition did not hold, and nothing was written.

    Shape   `found`: for each write whose condition failed, by its position, the item as it was
            (None: there was none)
    """

    def __init__(self, found: Mapping[int, Item | None]) -> None:
        super().__init__(f"condition failed for write {sorted(found)}")
        self.found = found


class Table(Protocol):
    """Items by key. Every method raises StoreUnavailable when the store cannot do it in time."""

    def read(self, keys: Sequence[Key]) -> dict[Key, Item]:
        """Return those of the items that exist, read consistently in one request."""
        ...

    def query(self, query: Query) -> list[Item]:
        """Return at most `query.limit` items."""
        ...

    def commit(self, writes: Sequence[Write], *, token: str | None = None) -> None:
        """Do all the writes or none; the same token again within ten minutes does nothing more.

        Raises  ConditionFailed; StoreUnavailable: it may or may not have happened
        """
        ...
