"""Mutants: the turn with one of its safeguards taken out, to see that the checks would miss it.

Each is a patch of functions of ours for the length of one test; the source stays as it is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import pytest

from libs.coach_conversation import admission, recovery, saving
from libs.coach_conversation.errors import StoreUnavailable
from libs.coach_conversation.feed import StoredFeed
from libs.coach_conversation.log import TurnLog
from libs.coach_conversation.store import transitions
from libs.coach_conversation.store.table import Absent, Clause, Equals, OneOf, Put, Update, Write
from libs.coach_conversation.types import Ending, Message, TurnRecord
from libs.streaming.keepalive import Numbered
from tests.faults.fault_loop import Scenario
from tests.faults.scenarios import LONG, SCENARIOS

type Patch = Callable[[pytest.MonkeyPatch], None]
type Writes = list[Write]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A turn without one of its safeguards, the scenario that shows it, and what it violates there."""

    name: str
    patch: Patch
    scenario: Scenario
    invariant: str


def _without(writes: Sequence[Write], *clauses: Clause) -> Writes:
    """Return the writes without these conditions."""
    return [
        replace(write, when=tuple(clause for clause in write.when if clause not in clauses))
        for write in writes
    ]


def _fences(writes: Writes, *names: str) -> list[Clause]:
    """Return the conditions of a transition on these attributes of TURN."""
    return [it for it in writes[0].when if isinstance(it, Equals | OneOf) and it.name in names]


def _every(patch: pytest.MonkeyPatch, names: Sequence[str], change: Callable[[Writes], Writes]) -> None:
    """Change what these transitions write."""
    for name in names:
        original = getattr(transitions, name)

        def changed(*args: Any, original: Callable[..., Writes] = original, **named: Any) -> Writes:
            return change(original(*args, **named))

        patch.setattr(transitions, name, changed)


def no_lock(patch: pytest.MonkeyPatch) -> None:
    """T1 does not ask whether another turn is running."""
    _every(patch, ["begin_live", "begin_waiting"], lambda writes: _without(writes, Absent("activeTurn")))


def no_idempotency_record(patch: pytest.MonkeyPatch) -> None:
    """T1 does not ask whether the turn exists."""

    def change(writes: Writes) -> Writes:
        return [_without([write], Absent("pk"))[0] if "TURN#" in write.key.sk else write for write in writes]

    _every(patch, ["begin_live", "begin_waiting"], change)


def no_attempt_fence(patch: pytest.MonkeyPatch) -> None:
    """The log and T2 do not ask whether the turn is still theirs."""

    def change(writes: Writes) -> Writes:
        return _without(writes, *_fences(writes, "attempt"))

    _every(patch, ["log", "finish"], change)


def no_fence_at_all(patch: pytest.MonkeyPatch) -> None:
    """The log and T2 ask neither for the attempt nor whether the turn is still running."""

    def change(writes: Writes) -> Writes:
        return _without(writes, *_fences(writes, "attempt", "status"))

    _every(patch, ["log", "finish"], change)


def no_lease_rule(patch: pytest.MonkeyPatch) -> None:
    """Whoever finds a running turn takes it for abandoned."""

    def is_abandoned(record: TurnRecord, *_: object) -> bool:
        return record.status in ("processing", "streaming")

    patch.setattr(recovery, "is_abandoned", is_abandoned)


def generates_again(patch: pytest.MonkeyPatch) -> None:
    """A turn whose owner died is claimed, whatever was logged of it."""

    def is_claimable(record: TurnRecord, *, now_ms: int, skew_ms: int) -> bool:
        return record.status == "pending" or record.lease_until_ms + skew_ms < now_ms

    def change(writes: Writes) -> Writes:
        return _without(writes, Equals("loggedUpTo", 0))

    patch.setattr(transitions, "is_claimable", is_claimable)
    _every(patch, ["claim"], change)


def user_message_saved_late(patch: pytest.MonkeyPatch) -> None:
    """The person's message is written with T2 and not with T1."""
    late: dict[str, Put] = {}

    def without_it(writes: Writes) -> Writes:
        for write in writes:
            if isinstance(write, Put) and write.key.sk.startswith("M#"):
                late[write.key.pk] = write
        return [write for write in writes if not write.key.sk.startswith("M#")]

    def with_it(writes: Writes) -> Writes:
        said = late.get(writes[0].key.pk)
        return [*writes, *([said] if said is not None else [])]

    _every(patch, ["begin_live"], without_it)
    _every(patch, ["finish"], with_it)


def log_without_order(patch: pytest.MonkeyPatch) -> None:
    """What could not be logged at a tick is left out."""
    original = TurnLog._write_next

    def write_next(self: TurnLog) -> bool:
        try:
            return original(self)
        except StoreUnavailable:
            self._unwritten.clear()
            raise

    patch.setattr(TurnLog, "_write_next", write_next)


def complete_before_saved(patch: pytest.MonkeyPatch) -> None:
    """`complete` leaves, and then the turn is saved."""

    def nothing(*_: object, **__: object) -> None:
        return None

    patch.setattr(saving, "_commit", nothing)


def cancel_ignored(patch: pytest.MonkeyPatch) -> None:
    """Nobody looks at the flag."""
    original = TurnLog.start

    def start(self: TurnLog) -> None:
        self._cancelled = True
        original(self)

    patch.setattr(TurnLog, "start", start)


def activeturn_kept(patch: pytest.MonkeyPatch) -> None:
    """T2 ends the turn and leaves the conversation taken."""

    def change(writes: Writes) -> Writes:
        return [
            replace(write, remove=()) if isinstance(write, Update) and write.key.sk == "META" else write
            for write in writes
        ]

    _every(patch, ["finish"], change)


def saved_before_logged(patch: pytest.MonkeyPatch) -> None:
    """T2 does not wait for the log."""
    patch.setattr(TurnLog, "flush", TurnLog.close)


def fold_saves_nothing(patch: pytest.MonkeyPatch) -> None:
    """A turn that died ends without what was said of it."""
    original = transitions.fold

    def fold(record: TurnRecord, ending: Ending, _: Message | None, *, now_ms: int) -> Writes:
        return original(record, ending, None, now_ms=now_ms)

    patch.setattr(transitions, "fold", fold)


def lease_never_renewed(patch: pytest.MonkeyPatch) -> None:
    """A long turn outlives its lease."""

    def change(writes: Writes) -> Writes:
        first = writes[0]
        assert isinstance(first, Update)
        renewal = ("leaseUntil", "dueAt", "gsi1pk", "gsi1sk")
        kept = {name: value for name, value in first.set.items() if name not in renewal}
        return [replace(first, set=kept), *writes[1:]]

    _every(patch, ["log"], change)


def log_read_before_record(patch: pytest.MonkeyPatch) -> None:
    """A reader reads the log, and then whether the turn is over."""

    def new_events(self: StoredFeed) -> list[Numbered]:
        logged, self._last_key = recovery.logged(self._record, self._ports, after_key=self._last_key)
        record = self._fresh_record()
        events = [(number, event) for number, event in logged if number > self._seen]
        if record is not None and record.ending is not None:
            events = self._to_the_end(record, record.ending, events)
        if events:
            self._seen = events[-1][0]
        return events

    patch.setattr(StoredFeed, "_new_events", new_events)


def duplicates_run(patch: pytest.MonkeyPatch) -> None:
    """Whoever comes with a key that exists runs the turn once more."""
    original = admission._refused

    def refused(*args: Any, **named: Any) -> Any:
        found = original(*args, **named)
        return args[1] if isinstance(found, TurnRecord) else found

    patch.setattr(admission, "_refused", refused)


_NAMED: Final = {scenario.name: scenario for scenario in (*SCENARIOS, LONG)}
_PLAIN: Final = _NAMED["plain"]
MUTANTS: Final = (
    Mutant("no lock", no_lock, _NAMED["busy"], "I4"),
    Mutant("no idempotency record", no_idempotency_record, _PLAIN, "I2"),
    Mutant("no attempt fence", no_attempt_fence, _NAMED["stalled"], "table"),
    Mutant("no fence at all", no_fence_at_all, _NAMED["stalled late"], "I3"),
    Mutant("no lease rule", no_lease_rule, _NAMED["watched"], "lease"),
    Mutant("generates again", generates_again, _PLAIN, "I2"),
    Mutant("user message saved late", user_message_saved_late, _PLAIN, "I1"),
    Mutant("log without order", log_without_order, _PLAIN, "I3"),
    Mutant("complete before it is saved", complete_before_saved, _PLAIN, "I5"),
    Mutant("cancel ignored", cancel_ignored, _NAMED["cancelled"], "cancel"),
    Mutant("activeTurn kept", activeturn_kept, _PLAIN, "usable"),
    Mutant("saved before it is logged", saved_before_logged, _PLAIN, "I3"),
    Mutant("fold saves nothing", fold_saves_nothing, _PLAIN, "I3"),
    Mutant("lease never renewed", lease_never_renewed, LONG, "lease"),
    Mutant("log read before the record", log_read_before_record, _NAMED["watched"], "I7"),
    Mutant("duplicates run", duplicates_run, _PLAIN, "I2"),
)
