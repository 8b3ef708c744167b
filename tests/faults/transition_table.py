"""The transition table of docs/turn.md as data: which changes of a TURN item are allowed, and to whom.

Written from the table and not from the code, so that it can judge the code: a change that no row
allows is a violation, whatever wrote it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

LIVE: Final = ("processing", "streaming")
TERMINAL: Final = ("completed", "failed", "cancelled", "interrupted")
SKEW_MS: Final = 2000


@dataclass(frozen=True, slots=True)
class Change:
    """A TURN item before and after one transaction.

    Shape   `before` None where the item is new; `mine`: written by the process that owns the attempt
    Units   `now_ms` true time; `owner_skew_ms` what the owner's clock is ahead of it
    """

    before: Mapping[str, Any] | None
    after: Mapping[str, Any]
    mine: bool
    now_ms: int
    owner_skew_ms: int

    @property
    def source(self) -> str | None:
        return str(self.before["status"]) if self.before is not None else None

    @property
    def target(self) -> str:
        return str(self.after["status"])

    def kept(self, *names: str) -> bool:
        return self.before is not None and all(
            self.before.get(name) == self.after.get(name) for name in names
        )

    def only(self, *names: str) -> bool:
        """Whether nothing but these attributes changed."""
        before = self.before or {}
        changed = {
            name for name in before.keys() | self.after.keys() if before.get(name) != self.after.get(name)
        }
        return changed <= set(names)

    @property
    def run_out(self) -> bool:
        """Whether the lease is over by the clock of whoever holds it."""
        return self.before is not None and self.before["leaseUntil"] - self.owner_skew_ms <= self.now_ms

    @property
    def past_due(self) -> bool:
        return self.before is not None and self.before["dueAt"] <= self.now_ms + SKEW_MS


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table. `from_` holds None for: there is no TURN."""

    what: str
    from_: tuple[str | None, ...]
    to: tuple[str, ...]
    allowed: Callable[[Change], bool]

    def allows(self, change: Change) -> bool:
        return change.source in self.from_ and change.target in self.to and self.allowed(change)


def _attempt(change: Change, more: int) -> bool:
    return change.before is not None and bool(change.after["attempt"] == change.before["attempt"] + more)


def _claimable(change: Change) -> bool:
    assert change.before is not None
    unsaid = change.before["loggedUpTo"] == 0 and not change.before["cancelRequested"]
    return _attempt(change, 1) and (change.source == "pending" or (change.run_out and unsaid))


def _ticks(change: Change) -> bool:
    assert change.before is not None
    same = change.kept("attempt", "cancelRequested", "mode", "userMessageId", "assistantMessageId")
    return change.mine and same and bool(change.after["leaseUntil"] >= change.before["leaseUntil"])


def _requeues(change: Change) -> bool:
    assert change.before is not None
    later = change.after["dueAt"] > change.before["dueAt"] and change.past_due
    unsaid = change.source == "pending" or (change.run_out and change.before["loggedUpTo"] == 0)
    return later and unsaid and change.after["mode"] == "queued" and change.kept("status", "attempt")


def _cancels(change: Change) -> bool:
    return change.kept("status", "attempt", "leaseUntil", "loggedUpTo") and bool(
        change.after["cancelRequested"]
    )


def _ends(change: Change) -> bool:
    """T2: by its owner; what it leaves to do is due, and only a completed turn leaves anything."""
    unsent = bool(change.after.get("followUps"))
    due = {"dueAt", "gsi1pk", "gsi1sk"} & change.after.keys()
    rightly = not unsent or change.target == "completed"
    return change.mine and _attempt(change, 0) and rightly and bool(due) == unsent


def _sends(change: Change) -> bool:
    cleared = not {"followUps", "dueAt", "gsi1pk", "gsi1sk"} & change.after.keys()
    return cleared and change.only("followUps", "dueAt", "gsi1pk", "gsi1sk")


TASKS: Final = ("memory", "workout", "summary")


def _marked(change: Change, mark: str) -> list[str]:
    """Return the tasks that have a new mark, where nothing else is new."""
    assert change.before is not None
    return [
        task
        for task in TASKS
        if f"{mark}_{task}" in change.after.keys() - change.before.keys()
        and f"done_{task}" not in change.before
        and change.only(f"done_{task}", f"failed_{task}", f"usage_{task}")
    ]


def _is_done(change: Change) -> bool:
    return any(f"failed_{task}" not in change.after for task in _marked(change, "done"))


def _fails(change: Change) -> bool:
    return any(f"done_{task}" not in change.after for task in _marked(change, "failed"))


def _begins(change: Change, attempt: int) -> bool:
    return bool(change.after["attempt"] == attempt and change.after["loggedUpTo"] == 0)


ROWS: Final = (
    Row("T1 live", (None,), ("processing",), lambda it: _begins(it, 1)),
    Row("T1 attach or queued", (None,), ("pending",), lambda it: _begins(it, 0)),
    Row("claim", ("pending", "processing"), ("processing",), _claimable),
    Row("first content logged", ("processing",), ("streaming",), _ticks),
    Row("tick", ("processing",), ("processing",), _ticks),
    Row("tick", ("streaming",), ("streaming",), _ticks),
    Row("T2", LIVE, ("completed", "failed", "cancelled"), _ends),
    Row("cancel pending", ("pending",), ("cancelled",), lambda it: _attempt(it, 0)),
    Row("cancel running", LIVE, LIVE, _cancels),
    Row("fold", LIVE, ("interrupted",), lambda it: it.run_out and _attempt(it, 0)),
    Row(
        "expire",
        ("pending",),
        ("interrupted",),
        lambda it: it.after["mode"] == "attach" and it.past_due,
    ),
    Row("follow-ups sent", ("completed",), ("completed",), _sends),
    Row("task done", TERMINAL, TERMINAL, _is_done),
    Row("task failed", ("completed",), ("completed",), _fails),
    Row("requeue", ("pending", "processing"), ("pending", "processing"), _requeues),
)


def row_of(change: Change) -> Row | None:
    """Return the row that allows the change."""
    return next((row for row in ROWS if row.allows(change)), None)
