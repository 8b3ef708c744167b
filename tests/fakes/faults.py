"""Faults of a store: any operation of any table, by its number."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

from libs.coach_conversation.errors import StoreUnavailable
from libs.coach_conversation.store.table import Item, Key, Query, Table, Write

type Operation = Literal["read", "query", "commit"]
type Fault = Callable[[Callable[[], Any]], Any]
"""`fault(operation)` does the operation or not, and returns or raises."""


def refused(_: Callable[[], Any]) -> Any:
    """Do nothing; the store is away."""
    raise StoreUnavailable("the store is away")


def lost(operation: Callable[[], Any]) -> Any:
    """Do it, and lose the answer."""
    operation()
    raise StoreUnavailable("the answer is lost")


def preceded_by(other: Callable[[], Any]) -> Fault:
    """Return a fault that lets something else happen first."""

    def fault(operation: Callable[[], Any]) -> Any:
        other()
        return operation()

    return fault


class FaultyTable(Table):
    """Counts the operations on a table, each kind from 1, and lets faults happen at some of them.

    `away` refuses everything; `done` are the kinds of all operations that were asked for, in order, and
    `tokens` those of the commits.
    """

    def __init__(self, table: Table) -> None:
        self.table = table
        self.away = False
        self.done: list[Operation] = []
        self.tokens: list[str | None] = []
        self._faults: dict[tuple[Operation, int], Fault] = {}

    def at(self, operation: Operation, number: int, fault: Fault) -> None:
        """Let the fault happen at the `number`-th operation of this kind, counted from the beginning."""
        self._faults[operation, number] = fault

    def next(self, operation: Operation, *faults: Fault) -> None:
        """Let the faults happen at the next operations of this kind."""
        for number, fault in enumerate(faults, start=self.done.count(operation) + 1):
            self.at(operation, number, fault)

    def read(self, keys: Sequence[Key]) -> dict[Key, Item]:
        found: dict[Key, Item] = self._do("read", lambda: self.table.read(keys))
        return found

    def query(self, query: Query) -> list[Item]:
        found: list[Item] = self._do("query", lambda: self.table.query(query))
        return found

    def commit(self, writes: Sequence[Write], *, token: str | None = None) -> None:
        self.tokens.append(token)
        self._do("commit", lambda: self.table.commit(writes, token=token))

    def _do(self, operation: Operation, work: Callable[[], Any]) -> Any:
        self.done.append(operation)
        fault = self._faults.get((operation, self.done.count(operation)))
        if self.away:
            return refused(work)
        return fault(work) if fault is not None else work()
