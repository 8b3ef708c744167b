"""The questions and memories of tests/data, as the retriever sees them."""

import json
import re
from collections.abc import Iterator, Mapping
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
    """A question and the ids of the texts that answer it."""

    question: str
    answers: frozenset[str]


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
    """Return a conversation of ten months, each exchange with those before and after it as its neighbours."""
    exchanges = list(_lines("long_conversation"))
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
    cases = [
        Case(line["question"], frozenset(line["answers"]))
        for line in _lines("long_conversation_questions")
        if line["half"] == half
    ]
    return MemorySet("a long conversation", tuple(store), tuple(cases), _unrelated(half))


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
    store = [
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
    ]
    cases = [
        Case(line["question"], frozenset(line["answers"]))
        for line in _lines("friends_questions")
        if line["half"] == half
    ]
    return MemorySet("a year of two friends", tuple(store), tuple(cases), _unrelated(half))


def _under(names: Mapping[str, str], text: str) -> str:
    """Return the text with other names."""
    return re.sub("|".join(names), lambda found: names[found[0]], text)


def _unrelated(half: Half) -> tuple[str, ...]:
    return tuple(line["question"] for line in _lines("unrelated_questions") if line["half"] == half)


def _lines(name: str) -> Iterator[dict[str, Any]]:
    with (DATA / f"{name}.jsonl").open(encoding="utf-8") as file:
        yield from map(json.loads, file)
