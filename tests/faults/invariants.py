"""What must hold when all is over: I1 to I8 of docs/turn.md, on the table and on what every reader saw."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from libs.coach_conversation.types import TurnRecord, events_before
from libs.streaming.events import IllegalOrder
from tests.faults.model import asks
from tests.faults.readers import Reader, text_of
from tests.faults.watch import Violation
from tests.faults.world import World


def check(world: World) -> list[Violation]:
    """Return all that was violated; nobody may be running any more."""
    keys = {reader.key for reader in world.readers} | world.begun
    turns = [found for key in sorted(keys) for found in _of_turn(key, world)]
    streams = [found for reader in world.readers for found in _of_stream(reader, world)]
    return [*world.violations, *turns, *streams, *_of_conversation(world), *_of_journal(world)]


def _of_turn(key: str, world: World) -> Iterator[Violation]:
    record, saved = world.record(key), world.messages(key)
    said = [message["content"] for message in saved if message["role"] == "user"]
    answers = [message for message in saved if message["role"] == "assistant"]
    if said != ([asks(key)] if record is not None else []):
        yield Violation("I1" if not said else "I2", f"{key}: {len(said)} user messages")
    if len(answers) > 1:
        yield Violation("I2", f"{key}: {len(answers)} answers")
    if record is None:
        if any(reader.seen for reader in _readers(key, world)):
            yield Violation("I1", f"{key}: acknowledged and gone")
        return
    if not record.is_terminal:
        yield Violation("I6", f"{key}: still {record.status}")
    if record.has_reply != bool(answers):
        yield Violation("I3", f"{key}: {record.status}, and {len(answers)} answers")
    for call in world.calls:
        if call.key == key and (record.turn_id, call.process) not in world.table.attempts:
            yield Violation("I2", f"{key}: {call.process} called a model for a turn that is not its own")
    routed = [call.process for call in world.calls if call.key == key and call.routing]
    if len(routed) != len(set(routed)):
        yield Violation("I2", f"{key}: routed more than once by one process")


def _readers(key: str, world: World) -> list[Reader]:
    return [reader for reader in world.readers if reader.key == key]


def _of_stream(reader: Reader, world: World) -> Iterator[Violation]:
    """I3, I5 and I7 of one stream."""
    name, record = f"{reader.process} on {reader.key}", world.record(reader.key)
    terminal = [seen for seen in reader.seen if seen.is_terminal]
    if reader.outcome is None:
        yield Violation("I7", f"{name}: never ends")
    if len(terminal) > 1 or (terminal and reader.last is not terminal[0]):
        yield Violation("I7", f"{name}: {[seen.kind for seen in reader.seen]}")
    if reader.outcome == "ended":
        yield from _ended(reader, name)
    numbers = [seen.number for seen in reader.seen if not seen.is_terminal]
    before = [events_before(record.attempt if record is not None else 1), reader.after]
    if numbers and (numbers != list(range(numbers[0], numbers[0] + len(numbers)))):
        yield Violation("I7", f"{name}: the numbers {numbers}")
    if numbers and reader.outcome == "ended" and numbers[0] != max(before) + 1:
        yield Violation("I7", f"{name}: {numbers[0]} behind {before}")
    if reader.follows is not None:
        yield from _after_coming_back(reader, name, world)
    if record is not None:
        yield from _as_logged(reader, record, name, world)
        yield from _as_saved(reader, record, name, world)


def _ended(reader: Reader, name: str) -> Iterator[Violation]:
    if reader.last is None or not reader.last.is_terminal:
        yield Violation("I7", f"{name}: ended without a terminal event")
    elif reader.after == 0:
        try:
            reader.check_order()
        except IllegalOrder as error:
            yield Violation("I7", f"{name}: {error}")


def _after_coming_back(reader: Reader, name: str, world: World) -> Iterator[Violation]:
    """A client that comes back sees no hole, nothing twice, and how the turn ended."""
    whole = reader.whole
    ends = [seen for seen in whole if seen.is_terminal]
    if reader.outcome in ("ended", "nothing") and len(ends) != 1:
        yield Violation("I7", f"{name}: back behind {reader.after}, {reader.outcome}: {len(ends)} terminal events")
    if ends and ends[-1].kind == "complete" and whole[0].kind == "start":
        saved = ends[-1].data["aiMessage"]["content"]
        if text_of(whole) != saved:
            yield Violation("I3", f"{name}: came back and saw {text_of(whole)!r}, saved is {saved!r}")


def _as_logged(reader: Reader, record: TurnRecord, name: str, world: World) -> Iterator[Violation]:
    """All readers of an attempt see the same events; what only its runner saw was not logged in time."""
    log = world.table.logged.get(record.turn_id, [])
    attempt = world.table.attempts.get((record.turn_id, reader.process), record.attempt)
    if attempt != record.attempt:
        if reader.of("complete"):
            yield Violation("I5", f"{name}: attempt {attempt} completed, and {record.attempt} was begun")
        return
    base = events_before(attempt)
    for seen in reader.seen:
        if seen.is_terminal:
            continue
        if seen.number <= base + len(log):
            if seen.data != log[seen.number - base - 1]:
                yield Violation("I3", f"{name}: event {seen.number} is not the logged one")
        elif (record.turn_id, reader.process) not in world.table.attempts:
            yield Violation("I3", f"{name}: event {seen.number} was never logged")


def _as_saved(reader: Reader, record: TurnRecord, name: str, world: World) -> Iterator[Violation]:
    saved = "".join(m["content"] for m in world.messages(reader.key) if m["role"] == "assistant")
    last = reader.last
    if last is not None and last.kind == "complete":
        told = last.data["aiMessage"]["content"]
        if (record.status, told) != ("completed", saved) or (reader.after == 0 and reader.text != saved):
            yield Violation("I3", f"{name}: streamed {reader.text!r}, saved {saved!r}")
    if last is not None and last.kind == "error" and last.data.get("savedContent", saved) != saved:
        yield Violation("I3", f"{name}: told that {last.data['savedContent']!r} is saved, it is {saved!r}")
    process = next(process for process in world.processes if process.name == reader.process)
    ran = world.table.attempts.get((record.turn_id, reader.process)) == record.attempt
    if not ran or reader.after > 0:
        return
    if not (saved.startswith(reader.text) or reader.text.startswith(saved)):
        yield Violation("I3", f"{name}: streamed {reader.text!r}, saved {saved!r}")
    if process.died_s is not None and not process.hindered:
        kept = process.died_s - world.limits.log_tick_s - 1e-6
        early = text_of(seen for seen in reader.seen if seen.at_s < kept)
        if not saved.startswith(early):
            yield Violation("I3", f"{name}: more than a tick is lost: {early!r} of {saved!r}")


def _of_conversation(world: World) -> Iterator[Violation]:
    items = world.table.table.all()
    meta = next(item for at, item in items.items() if at.sk == "META")
    messages = sum(at.sk.startswith("M#") for at in items)
    turns = sum(at.sk.startswith("TURN#") for at in items)
    counted = sum(item["turns"] for at, item in items.items() if at.sk.startswith("RATE#"))
    if meta["messageCount"] != messages:
        yield Violation("I8", f"{meta['messageCount']} messages counted, there are {messages}")
    if world.limits.turns_per_minute and counted != turns:
        yield Violation("I8", f"{counted} turns counted, there are {turns}")
    if "activeTurn" in meta and all(_is_over(item) for item in items.values()):
        yield Violation("release", "activeTurn names a turn that is over")
    orders = [at.sk for at in sorted(items) if at.sk.startswith("M#")]
    turn_of = {at.sk: item["turnId"] for at, item in items.items() if at.sk.startswith("M#")}
    changes = [after for before, after in pairwise(orders) if turn_of[before] != turn_of[after]]
    if len(changes) + bool(orders) != len(set(turn_of.values())):
        yield Violation("I4", "messages of different turns interleave")


def _is_over(item: Mapping[str, Any]) -> bool:
    return item.get("status") not in ("pending", "processing", "streaming")


def _of_journal(world: World) -> Iterator[Violation]:
    for where, error in world.journal.unforeseen:
        if "StoreUnavailable" not in error:
            yield Violation("unforeseen", f"{where}: {error}")
