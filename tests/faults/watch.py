"""The watch on the table: every commit is held against the transition table and the invariants."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from libs.coach_conversation.conversations import DELETED_COACH
from libs.coach_conversation.store.table import Item, Key, Query, Write
from tests.fakes.clock import START_MS
from tests.fakes.table import FakeTable
from tests.faults.shim import Process, Violation
from tests.faults.transition_table import LIVE, TERMINAL, Change, row_of

EFFECTS: Final = {"MEM": "memory", "WKT": "workout", "SUM": "summary"}

type Items = Mapping[Key, Item]


class WatchedTable:
    """The world's one table; `seen` counts the rows of the transition table that were taken."""

    def __init__(self, table: FakeTable, violations: list[Violation]) -> None:
        self.table = table
        self.seen: Counter[str] = Counter()
        self.logged: dict[str, list[dict[str, Any]]] = {}
        self.owners: dict[str, Process] = {}
        self.attempts: dict[tuple[str, str], int] = {}
        self.cancelled: dict[str, float] = {}
        self._live: dict[str, set[str]] = {}
        self._violations = violations

    def read(self, keys: Sequence[Key]) -> dict[Key, Item]:
        return self.table.read(keys)

    def query(self, query: Query) -> list[Item]:
        return self.table.query(query)

    def commit_by(self, process: Process, writes: Sequence[Write], *, token: str | None) -> None:
        keys = [write.key for write in writes]
        before = self.table.read(keys)
        self.table.commit(writes, token=token)
        after = self.table.read(keys)
        if before == after:
            return
        for key in keys:
            self._check(process, key, before, after)
        for key in keys:
            if key.sk.startswith("TURN#"):
                self._check_active(key.pk)

    def _wrong(self, invariant: str, what: str) -> None:
        self._violations.append(Violation(invariant, what))

    def _check(self, process: Process, key: Key, before: Items, after: Items) -> None:
        match key.sk.partition("#")[0]:
            case "TURN":
                self._check_turn(process, key, before.get(key), after.get(key))
            case "EV":
                self._check_entry(key, before, after)
            case "M":
                self._check_message(key, before.get(key), after)
            case "MEM" | "WKT" | "SUM":
                self._check_effect(key, before, after)
            case "META":
                self._check_summary(before.get(key), after.get(key))

    def _check_turn(self, process: Process, key: Key, before: Item | None, after: Item | None) -> None:
        if after is None:
            self._live.get(key.pk, set()).discard(key.sk.partition("#")[2])
            return
        turn_id = str(after["turnId"])
        owner = self.owners.get(turn_id)
        now_ms = START_MS + round(process.world.scheduler.now_s * 1000)
        skew_ms = owner.skew_ms if owner is not None else 0
        change = Change(before, after, owner is process, now_ms, skew_ms)
        row = row_of(change)
        if row is None:
            self._wrong("table", f"{process.name}: no row allows {_told(before)} → {_told(after)}")
        else:
            self.seen[row.what] += 1
        if change.source in LIVE and change.target == "interrupted" and owner is not None and owner.is_well:
            self._wrong("lease", f"{process.name} folded a turn that {owner.name} was running")
        if row is not None and row.what == "cancel running":
            self.cancelled.setdefault(turn_id, process.world.scheduler.now_s)
        if row is not None and row.what in ("T1 live", "claim"):
            self.owners[turn_id] = process
            self.attempts[turn_id, process.name] = after["attempt"]
        live = self._live.setdefault(key.pk, set())
        (live.discard if after["status"] in TERMINAL else live.add)(turn_id)
        told_more = not change.kept("status", "loggedUpTo")
        if told_more and after["status"] in TERMINAL and after.get("hasReply"):
            self._check_reply(key.pk, after)

    def _check_reply(self, pk: str, turn: Item) -> None:
        key = Key(pk, f"M#{turn['assistantMessageId']}")
        saved = self.table.read([key]).get(key)
        told = text_logged(self.logged.get(turn["turnId"], []))
        if saved is None or saved["content"] != told:
            shown = saved["content"] if saved is not None else None
            self._wrong("I3", f"{turn['status']}: saved {shown!r}, logged {told!r}")

    def _check_entry(self, key: Key, before: Items, after: Items) -> None:
        entry = after.get(key)
        if entry is None:
            return
        events = json.loads(entry["events"])
        log = self.logged.setdefault(entry["turnId"], [])
        turn = after.get(Key(key.pk, f"TURN#{entry['turnId']}"))
        if key in before or entry["firstNumber"] != len(log) + 1:
            self._wrong("I3", f"entry {entry['firstNumber']} of a log with {len(log)} events")
        log += events
        if turn is None or turn["loggedUpTo"] != len(log):
            self._wrong("I3", f"loggedUpTo is not {len(log)} with the entry")

    def _check_message(self, key: Key, before: Item | None, after: Items) -> None:
        said, meta = after.get(key), self.table.read([Key(key.pk, "META")])
        deleted = any(item["coachId"] == DELETED_COACH for item in meta.values())
        if before is not None and not deleted and (said is not None or before["role"] == "user"):
            self._wrong("I1", f"the message {key.sk} was written over or deleted")

    def _check_effect(self, key: Key, before: Items, after: Items) -> None:
        """An effect is new, and comes with its mark on the turn that it names."""
        effect = after.get(key)
        if effect is None:
            return
        task = EFFECTS[key.sk.partition("#")[0]]
        marked = [
            at.sk
            for at, item in after.items()
            if f"done_{task}" in item and f"done_{task}" not in before.get(at, {})
        ]
        if key in before or f"TURN#{effect['turnId']}" not in marked:
            self._wrong("I8", f"{key.sk} is written with {marked}, over {before.get(key)}")

    def _check_summary(self, before: Item | None, after: Item | None) -> None:
        if before is not None and after is not None:
            reached, reaches = before.get("summaryUpTo", ""), after.get("summaryUpTo", "")
            if reaches < reached:
                self._wrong("summary", f"a summary up to {reached} gave way to one up to {reaches}")

    def _check_active(self, pk: str) -> None:
        key = Key(pk, "META")
        meta = self.table.read([key]).get(key)
        live = self._live.get(pk, set())
        if meta is None or meta["coachId"] == DELETED_COACH:
            return
        if len(live) > 1:
            self._wrong("I4", f"{len(live)} turns of one conversation at once")
        if live != ({meta["activeTurn"]} if "activeTurn" in meta else set()):
            self._wrong("release", f"activeTurn is {meta.get('activeTurn')}, live are {sorted(live)}")


def text_logged(events: Iterable[Mapping[str, Any]]) -> str:
    """Return what the logged events say of the message."""
    return "".join(event["content"] for event in events if event["type"] in ("chunk", "contextual"))


def _told(turn: Item | None) -> str:
    if turn is None:
        return "nothing"
    names = ("status", "attempt", "leaseUntil", "loggedUpTo", "cancelRequested")
    return " ".join(str(turn.get(name)) for name in names)
