"""What must hold when all is over: I1 to I8 of docs/turn.md, on the table and on what every reader saw."""

from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from itertools import pairwise
from typing import Final

from libs.coach_conversation.store.items import turn_from
from libs.coach_conversation.store.table import Item, Key
from libs.coach_conversation.types import TurnRecord
from libs.streaming.events import IllegalOrder
from tests.fakes.ports import REF
from tests.faults import effects
from tests.faults.model import asks
from tests.faults.readers import Reader, text_of
from tests.faults.shim import Violation
from tests.faults.watch import text_logged
from tests.faults.world import World

CANCELLED_WITHIN_S: Final = 0.75


@dataclass(frozen=True, slots=True)
class Aftermath:
    """A world in which nobody is running any more, and its table as it was left."""

    world: World
    items: dict[Key, Item]

    def of(self, prefix: str) -> list[Item]:
        """Return the items of one kind, in order."""
        return [self.items[at] for at in sorted(self.items) if at.sk.startswith(prefix)]

    def record(self, key: str) -> TurnRecord | None:
        turn_id = self.world.turn_id(key)
        found = [turn_from(REF, item) for item in self.of("TURN#") if item["turnId"] == turn_id]
        return found[0] if found else None

    def saved(self, key: str, role: str) -> list[str]:
        """Return the contents of the turn's messages."""
        turn_id = self.world.turn_id(key)
        return [
            message["content"]
            for message in self.of("M#")
            if (message["turnId"], message["role"]) == (turn_id, role)
        ]


def check(world: World) -> list[Violation]:
    """Return all that was violated; nobody may be running any more."""
    after = Aftermath(world, world.table.table.all())
    found = [*world.violations, *_of_conversation(after), *_of_journal(world), *effects.check(world)]
    for key in world.keys:
        record = after.record(key)
        readers = [reader for reader in world.readers if reader.key == key]
        found += _of_turn(key, record, after)
        if record is None and any(reader.seen for reader in readers):
            found.append(Violation("I1", f"{key}: acknowledged and gone"))
        answer = "".join(after.saved(key, "assistant"))
        found += _of_documents(key, record, answer, world)
        for reader in readers:
            found += _of_stream(reader)
            if record is not None and reader.follows is not None:
                found += _after_coming_back(reader, record, world)
            if record is not None:
                found += _as_cancelled(reader, record, world)
                found += _as_logged(reader, record, world)
                found += _as_saved(reader, record, answer, world)
    return found


def _of_turn(key: str, record: TurnRecord | None, after: Aftermath) -> Iterator[Violation]:
    said, answers = after.saved(key, "user"), after.saved(key, "assistant")
    if said != ([asks(key)] if record is not None else []):
        yield Violation("I1" if not said else "I2", f"{key}: {len(said)} user messages")
    if len(answers) > 1:
        yield Violation("I2", f"{key}: {len(answers)} answers")
    if record is None:
        return
    if not record.is_terminal:
        yield Violation("I6", f"{key}: still {record.status}")
    if record.has_reply != bool(answers):
        yield Violation("I3", f"{key}: {record.status}, and {len(answers)} answers")
    yield from _of_calls(key, record, after.world)


def _of_calls(key: str, record: TurnRecord, world: World) -> Iterator[Violation]:
    calls = [call for call in world.calls if call.key == key and call.of_turn]
    for call in calls:
        if (record.turn_id, call.process) not in world.table.attempts:
            yield Violation("I2", f"{key}: {call.process} called a model for a turn that is not its own")
    routed = [call.process for call in calls if call.routing]
    if len(routed) != len(set(routed)):
        yield Violation("I2", f"{key}: routed more than once by one process")


def _of_stream(reader: Reader) -> Iterator[Violation]:
    """I7: one terminal event, at the end; numbers without holes; a legal order."""
    name = str(reader)
    terminal = [seen for seen in reader.seen if seen.is_terminal]
    numbers = [seen.number for seen in reader.seen if not seen.is_terminal]
    if reader.outcome is None:
        yield Violation("I7", f"{name}: never ends")
    if len(terminal) > 1 or (terminal and reader.last is not terminal[0]):
        yield Violation("I7", f"{name}: {[seen.kind for seen in reader.seen]}")
    if any(after != before + 1 for before, after in pairwise(numbers)):
        yield Violation("I7", f"{name}: the numbers {numbers}")
    if numbers and numbers[0] != reader.after + 1:
        yield Violation("I7", f"{name}: a hole between {reader.after} and {numbers[0]}")
    if reader.outcome == "ended" and not terminal:
        yield Violation("I7", f"{name}: ended without a terminal event")
    if reader.outcome == "ended" and reader.after == 0:
        try:
            reader.check_order()
        except IllegalOrder as error:
            yield Violation("I7", f"{name}: {error}")


def _after_coming_back(reader: Reader, record: TurnRecord, world: World) -> Iterator[Violation]:
    """A client that comes back sees no hole, nothing twice, and how the turn ended.

    Not judged: a cursor of an attempt of which nothing was kept, where someone else had the turn run
    again meanwhile. It means nothing any more (docs/decisions.md, 10).
    """
    attempts = [world.table.attempts.get((record.turn_id, name), record.attempt) for name in reader.went]
    if any(attempt != record.attempt for attempt in attempts):
        return
    whole = reader.whole
    ends = [seen for seen in whole if seen.is_terminal]
    if reader.outcome in ("ended", "nothing") and len(ends) != 1:
        yield Violation("I7", f"{reader}: came back, {reader.outcome}, {len(ends)} terminal events in all")
    if ends and ends[-1].kind == "complete" and whole[0].kind == "start":
        saved = ends[-1].data["aiMessage"]["content"]
        if text_of(whole) != saved:
            yield Violation("I3", f"{reader}: came back and saw {text_of(whole)!r}, saved is {saved!r}")


def _as_cancelled(reader: Reader, record: TurnRecord, world: World) -> Iterator[Violation]:
    """A cancel ends the stream within its budget, also while the model is silent."""
    asked_s, last = world.table.cancelled.get(record.turn_id), reader.last
    runs = (record.turn_id, reader.process) in world.table.attempts
    if asked_s is None or not runs or last is None or world.process_of(reader).hindered:
        return
    if reader.outcome == "ended" and last.at_s > asked_s + CANCELLED_WITHIN_S:
        yield Violation("cancel", f"{reader}: ended {last.at_s - asked_s:.2f} s after the cancel")


def _as_logged(reader: Reader, record: TurnRecord, world: World) -> Iterator[Violation]:
    """All readers of an attempt see the same events; what only its runner saw was not logged in time.

    Who ran an earlier attempt saw that one, live, unless it reads the log and so sees how it all ended.
    """
    log = world.table.logged.get(record.turn_id, [])
    attempt = world.table.attempts.get((record.turn_id, reader.process), record.attempt)
    if attempt != record.attempt and not reader.of("complete"):
        return
    for seen in reader.seen:
        if seen.is_terminal:
            continue
        if seen.number <= len(log):
            if seen.data != log[seen.number - 1]:
                yield Violation("I3", f"{reader}: event {seen.number} is not the logged one")
        elif (record.turn_id, reader.process) not in world.table.attempts:
            yield Violation("I3", f"{reader}: event {seen.number} was never logged")


def _as_saved(reader: Reader, record: TurnRecord, saved: str, world: World) -> Iterator[Violation]:
    """I3 and I5: what was streamed is what is saved, or what is saved is its beginning."""
    last, streamed = reader.last, reader.text
    differ = f"{reader}: streamed {streamed!r}, saved {saved!r}"
    if last is not None and last.kind == "complete":
        told = last.data["aiMessage"]["content"]
        if (record.status, told) != ("completed", saved) or (reader.after == 0 and streamed != saved):
            yield Violation("I3", differ)
    if last is not None and last.data.get("savedContent", saved) != saved:
        yield Violation("I3", f"{reader}: told that {last.data['savedContent']!r} is saved, it is {saved!r}")
    ran = world.table.attempts.get((record.turn_id, reader.process)) == record.attempt
    if not ran or reader.after > 0:
        return
    if not (saved.startswith(streamed) or streamed.startswith(saved)):
        yield Violation("I3", differ)
    process = world.process_of(reader)
    if process.died_s is not None and not process.hindered:
        kept_s = process.died_s - world.limits.log_tick_s - 1e-6
        early = text_of(seen for seen in reader.seen if seen.at_s < kept_s)
        if not saved.startswith(early):
            yield Violation("I3", f"{reader}: more than a tick is lost, {early!r} of {saved!r}")


def _of_documents(key: str, record: TurnRecord | None, saved: str, world: World) -> Iterator[Violation]:
    """What a poll showed was the beginning of what was said, and a whole answer is the saved one."""
    logged = text_logged(world.table.logged.get(world.turn_id(key), []))
    for answer in world.answers:
        if answer.key != key or answer.status != HTTPStatus.OK:
            continue
        shown = answer.document.get("aiMessage", {}).get("content")
        if shown is not None and (record is None or shown != saved):
            yield Violation("I3", f"{answer.process}: answered {shown!r}, saved {saved!r}")
        if not logged.startswith(answer.document.get("content", "")):
            yield Violation("I3", f"{answer.process}: showed {answer.document['content']!r} of {logged!r}")


def _of_conversation(after: Aftermath) -> Iterator[Violation]:
    (meta,), messages, turns = after.of("META"), after.of("M#"), after.of("TURN#")
    counted = sum(item["turns"] for item in after.of("RATE#"))
    if meta["messageCount"] != len(messages):
        yield Violation("I8", f"{meta['messageCount']} messages counted, there are {len(messages)}")
    if after.world.limits.turns_per_minute and counted != len(turns):
        yield Violation("I8", f"{counted} turns counted, there are {len(turns)}")
    paid = [item["usage"]["costUsd"] for item in turns if item.get("usage")]
    paid += [item[name]["costUsd"] for item in turns for name in item if name.startswith("usage_")]
    spent = sum(item["microUsd"] for item in after.of("SPENT#"))
    # A task that failed shows what its last try cost; all of them are paid.
    gave_up = any(name.startswith("failed_") for item in turns for name in item)
    told = round(sum(paid) * 1_000_000)
    if after.world.limits.daily_budget_cents and (spent < told if gave_up else spent != told):
        yield Violation("I8", f"{spent} micro-dollars counted, turns and tasks say they cost {paid}")
    order = [message["turnId"] for message in messages]
    if sum(one != other for one, other in pairwise(order)) + bool(order) != len(set(order)):
        yield Violation("I4", "messages of different turns interleave")


def _of_journal(world: World) -> Iterator[Violation]:
    for where, error in world.journal.unforeseen:
        of_task = where == "worker" and "ModelUnavailable" in error
        if "StoreUnavailable" not in error and not of_task:
            yield Violation("unforeseen", f"{where}: {error}")
