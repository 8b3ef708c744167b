"""The questions and memories of tests/data, as the retriever sees them."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

from libs.memory.candidates import Candidate

DATA: Final = Path(__file__).parent.parent / "tests" / "data"
# After everything in the data: the clock that recency is measured by.
NOW: Final = datetime(2026, 11, 21, tzinfo=UTC)

type Half = Literal["tune", "held-out"]
HALVES: Final[tuple[Half, ...]] = ("tune", "held-out")


@dataclass(frozen=True, slots=True)
class Case:
    """A question, the ids of the texts that answer it, and its kind, where its set tells any apart."""

    question: str
    answers: frozenset[str]
    kind: str = ""


@dataclass(frozen=True, slots=True)
class MemorySet:
    """A store, questions that it answers, and questions that have nothing to do with it."""

    name: str
    store: tuple[Candidate, ...]
    cases: tuple[Case, ...]
    unrelated: tuple[str, ...]


def short_memories(half: Half) -> MemorySet:
    """Return the memories of one half among all distractors."""
    pairs = [line for line in _lines("memory_pairs") if line["half"] == half]
    store = [*pairs, *_lines("memory_distractors")]
    return MemorySet(
        "short memories",
        tuple(Candidate(line["id"], line["type"], line["memory"], None) for line in store),
        tuple(Case(line["question"], frozenset({line["id"]})) for line in pairs),
        _unrelated(half),
    )


def long_conversation(half: Half) -> MemorySet:
    """Return a conversation of ten months with a coach."""
    return _with_coach("a long conversation", "long_conversation", half)


def runner(half: Half) -> MemorySet:
    """Return a conversation of thirteen months with a coach, in which many days are alike."""
    return _with_coach("a runner and her coach", "runner", half)


def _with_coach(name: str, file: str, half: Half) -> MemorySet:
    """Return a conversation, each exchange with those before and after it as its neighbours."""
    exchanges = list(_lines(file))
    texts = [f"{line['user']}\n{line['coach']}" for line in exchanges]
    store = [
        Candidate(
            line["id"],
            "exchange",
            text,
            None,
            created_at=datetime.fromisoformat(line["createdAt"]),
            neighbour="\n".join([*texts[max(place - 1, 0) : place], *texts[place + 1 : place + 2]]),
        )
        for place, (line, text) in enumerate(zip(exchanges, texts, strict=True))
    ]
    return MemorySet(name, tuple(store), _cases(file, half), _unrelated(half))


def friends(half: Half) -> MemorySet:
    """Return what two friends wrote to each other in a year, among what two others wrote under their names.

    Shape   the texts begin with their speaker, as a chat's export does
    """
    lines = list(_lines("friends"))
    names = {
        one: list(dict.fromkeys(line["speaker"] for line in lines if line["half"] == one)) for one in HALVES
    }
    renamed = {other: dict(zip(names[other], names[half], strict=True)) for other in HALVES}
    texts = [_under(renamed[line["half"]], f"{line['speaker']}: {line['text']}") for line in lines]
    return MemorySet(
        "a year of two friends", _dialogue(lines, texts), _cases("friends", half), _unrelated(half)
    )


def far_friends(half: Half) -> MemorySet:
    """Return what two friends wrote in 23 talks of eleven months: short turns, the most in few words."""
    lines = list(_lines("far_friends"))
    texts = [f"{line['speaker']}: {line['text']}" for line in lines]
    return MemorySet(
        "two friends far apart", _dialogue(lines, texts), _cases("far_friends", half), _unrelated(half)
    )


def _dialogue(lines: Sequence[Mapping[str, Any]], texts: Sequence[str]) -> tuple[Candidate, ...]:
    return tuple(
        Candidate(
            line["id"],
            "",
            text,
            None,
            created_at=datetime.fromisoformat(line["createdAt"]),
            speaker=text.partition(":")[0],
            neighbour="\n".join([*texts[max(place - 1, 0) : place], *texts[place + 1 : place + 2]]),
        )
        for place, (line, text) in enumerate(zip(lines, texts, strict=True))
    )


def _cases(file: str, half: Half) -> tuple[Case, ...]:
    return tuple(
        Case(line["question"], frozenset(line["answers"]), line.get("kind", ""))
        for line in _lines(f"{file}_questions")
        if line["half"] == half
    )


def _under(names: Mapping[str, str], text: str) -> str:
    """Return the text with other names."""
    return re.sub("|".join(names), lambda found: names[found[0]], text)


def _unrelated(half: Half) -> tuple[str, ...]:
    return tuple(line["question"] for line in _lines("unrelated_questions") if line["half"] == half)


def _lines(name: str) -> Iterator[dict[str, Any]]:
    with (DATA / f"{name}.jsonl").open(encoding="utf-8") as file:
        yield from map(json.loads, file)
