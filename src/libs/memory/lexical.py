"""How well each candidate's words answer a question: its best sentence, and half of what stands around it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final, Self

from libs.memory.bm25 import Rarity, bm25
from libs.memory.candidates import Candidate
from libs.memory.tokens import sentences, terms

_AROUND: Final = 0.5


@dataclass(frozen=True, slots=True)
class Analysis:
    """A text as counted terms, whole and sentence by sentence."""

    whole: Mapping[str, int]
    sentences: tuple[Mapping[str, int], ...]
    lengths: tuple[int, ...]
    length: int


_NOTHING: Final = Analysis({}, (), (), 0)


def lexical_scores(
    question: str, candidates: Sequence[Candidate], rarity: Rarity | None = None
) -> list[float]:
    """Return a score for each candidate, 1.0 for a sentence with each term of the question once.

    Shape   `rarity` of the terms in all that was ever said, where it is known; else of the candidates
    """
    asked = frozenset(terms(question))
    if not asked or not candidates:
        return [0.0] * len(candidates)
    read = [_Read.of(candidate) for candidate in candidates]
    rarity = rarity or Rarity.of([one.terms for one in read])
    mean_length = sum(one.mean_length for one in read) / len(read) or 1.0
    return [_best_sentence(asked, one, rarity, mean_length) for one in read]


@dataclass(frozen=True, slots=True)
class _Read:
    """A candidate's text, what stands around it, and how it is marked: its date and its speaker."""

    text: Analysis
    around: Mapping[str, float]
    around_length: float
    marks: Mapping[str, float]

    @classmethod
    def of(cls, candidate: Candidate) -> Self:
        near = analyse(candidate.neighbour) if candidate.neighbour else _NOTHING
        around = {term: _AROUND * count for term, count in near.whole.items()}
        marks = mark_terms(candidate.speaker, candidate.heading, candidate.created_at)
        return cls(analyse(candidate.text), around, _AROUND * near.length, marks)

    @property
    def terms(self) -> set[str]:
        return self.text.whole.keys() | self.marks.keys()

    @property
    def mean_length(self) -> float:
        """The length of the text as its sentences are read: each with half of what stands around it."""
        parts = max(len(self.text.sentences), 1)
        return (1 / parts + _AROUND * (1 - 1 / parts)) * self.text.length + self.around_length


@lru_cache(maxsize=10_000)
def analyse(text: str) -> Analysis:
    """Count the terms of a text. Kept, because the same memories come up again and again."""
    parts = tuple(Counter(terms(sentence)) for sentence in sentences(text))
    whole = sum(parts, Counter[str]())
    return Analysis(whole, parts, tuple(part.total() for part in parts), whole.total())


def mark_terms(speaker: str, heading: str, created_at: datetime | None) -> Mapping[str, float]:
    """Return what a text is known by beside its words: who said it and when."""
    return {**dict.fromkeys(terms(f"{speaker} {heading}"), 1.0), **date_terms(created_at)}


@lru_cache(maxsize=10_000)
def date_terms(created_at: datetime | None) -> Mapping[str, float]:
    """Return what a person may call the day: its weekday, month and year, and by half its number."""
    if created_at is None:
        return {}
    named = dict.fromkeys(terms(f"{created_at:%A %B %Y}"), 1.0)
    return named | {str(created_at.day): _AROUND}


def _best_sentence(asked: Iterable[str], read: _Read, rarity: Rarity, mean_length: float) -> float:
    whole, around, marks = read.text.whole, read.around, read.marks
    held = [term for term in asked if term in whole or term in around or term in marks]
    if not held:
        return 0.0
    scores = []
    for sentence, own_length in zip(read.text.sentences, read.text.lengths, strict=True):
        counts = {}
        for term in held:
            own = sentence.get(term, 0)
            rest = _AROUND * (whole.get(term, 0) - own)
            counts[term] = own + rest + around.get(term, 0.0) + marks.get(term, 0.0)
        length = own_length + _AROUND * (read.text.length - own_length) + read.around_length
        scores.append(bm25(asked, counts, rarity, relative_length=length / mean_length))
    return max(scores, default=0.0)
