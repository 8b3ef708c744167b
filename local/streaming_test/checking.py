"""Whether what was answered is what it should be, and came as it was written."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from local.errors import NotRunning
from local.rie.answers import Mismatch
from local.rie.checks import CHECKS, Known
from local.state_dir import StateDir
from local.streaming_test.records import TARGETS, Record, Target, read_record

# What must come in parts: the first of them at the latest after so much of the whole time.
STREAMED: Final = frozenset(
    {"stream", "stream-short", "workout-log", "health-stream", "words", "words-text"}
    | {"chat", "chat-turns", "ai-chat"}
)
FIRST_PART: Final = 0.7
LEAST_PIECES: Final = 4


@dataclass(frozen=True, slots=True)
class Checked:
    """One answer and what is wrong with it, None when nothing is."""

    record: Record
    complaint: str | None


def check_answers(state: StateDir) -> Iterator[Checked]:
    """Yield a verdict for each answer that was kept. Raises NotRunning: none was."""
    kept = [target for target in TARGETS if read_record(state, target, next(iter(CHECKS))) is not None]
    if not kept:
        raise NotRunning("there are no answers to check; run make streaming-test-invoke")
    for target in kept:
        yield from _check_target(state, target)


def _check_target(state: StateDir, target: Target) -> Iterator[Checked]:
    known = Known()
    for name, check in CHECKS.items():
        record = read_record(state, target, name)
        if record is None:
            missing = Record(name, target, True, 0, {}, (), (), "it was not sent")
            yield Checked(missing, "it was not sent; run make streaming-test-invoke")
            continue
        try:
            _check_exchange(record)
            known = check(record.payload, known)
            _check_arrival(record)
        except Mismatch as mismatch:
            yield Checked(record, str(mismatch))
        else:
            yield Checked(record, None)


def _check_exchange(record: Record) -> None:
    if record.trouble:
        raise Mismatch(f"the answer broke off: {record.trouble}")
    if record.raw and record.status != 200:
        raise Mismatch(f"the invocation was answered {record.status}: {record.body[:200]!r}")


def _check_arrival(record: Record) -> None:
    """Check that a streamed answer came in parts while it was written; the emulator always buffers."""
    if record.target == "emulator" or record.name not in STREAMED:
        return
    if "content-length" in record.headers:
        raise Mismatch("it has a content-length: somebody collected it before sending it")
    first, last = record.at_ms[0], record.at_ms[-1]
    if len(record.pieces) < LEAST_PIECES or first > FIRST_PART * last:
        raise Mismatch(
            f"it did not stream: {len(record.pieces)} parts, the first after {first:.0f} of {last:.0f} ms"
        )
