"""How well each candidate's words answer a question: its best sentence, and half of what stands around it."""

from collections import Counter
from collections.abc import Mapping, Sequence
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
    if not candidates:
        return []
    read = [_Read.of(candidate) for candidate in candidates]
    shares = (rarity or Rarity.of([one.terms for one in read])).shares(terms(question))
    mean_length = sum(one.mean_length for one in read) / len(read) or 1.0
    return [_best_sentence(shares, one, mean_length) for one in read]


@dataclass(frozen=True, slots=True)
class _Read:
    """A candidate's text, what stands around it, and how it is marked: its date and its speaker."""

    text: Analysis
    around: Analysis
    marks: Mapping[str, float]

    @classmethod
    def of(cls, candidate: Candidate) -> Self:
        around = analyse(candidate.neighbour) if candidate.neighbour else _NOTHING
        marks = mark_terms(candidate.speaker, candidate.heading, candidate.created_at)
        return cls(analyse(candidate.text), around, marks)

    @property
    def terms(self) -> set[str]:
        return self.text.whole.keys() | self.marks.keys()

    @property
    def mean_length(self) -> float:
        """The length of the text as its sentences are read: each with half of what stands around it."""
        parts = max(len(self.text.sentences), 1)
        return (1 / parts + _AROUND * (1 - 1 / parts)) * self.text.length + _AROUND * self.around.length


@lru_cache(maxsize=10_000)
def analyse(text: str) -> Analysis:
    """Count the terms of a text. Kept, because the same memories come up again and again."""
    parts = tuple(Counter(terms(sentence)) for sentence in sentences(text))
    whole = sum(parts, Counter[str]())
    return Analysis(whole, parts, tuple(part.total() for part in parts), whole.total())


@lru_cache(maxsize=10_000)
def mark_terms(speaker: str, heading: str, created_at: datetime | None) -> Mapping[str, float]:
    """Return what a text is known by beside its words: who said it and when."""
    return {**dict.fromkeys(terms(f"{speaker} {heading}"), 1.0), **_date_terms(created_at)}


def _date_terms(created_at: datetime | None) -> Mapping[str, float]:
    """Return what a person may call the day: its weekday, month and year, and by half its number."""
    if created_at is None:
        return {}
    named = dict.fromkeys(terms(f"{created_at:%A %B %Y}"), 1.0)
    return named | {str(created_at.day): _AROUND}


def _best_sentence(shares: Mapping[str, float], read: _Read, mean_length: float) -> float:
    text, around, marks = read.text, read.around, read.marks
    beside = {
        term: _AROUND * (text.whole.get(term, 0) + around.whole.get(term, 0)) + marks.get(term, 0.0)
        for term in shares
        if term in text.whole or term in around.whole or term in marks
    }
    if not beside:
        return 0.0
    rest = _AROUND * (text.length + around.length)
    scores = []
    for sentence, length in zip(text.sentences, text.lengths, strict=True):
        counts = {term: (1 - _AROUND) * sentence.get(term, 0) + near for term, near in beside.items()}
        relative_length = ((1 - _AROUND) * length + rest) / mean_length
        scores.append(bm25(shares, counts, relative_length=relative_length))
    return max(scores, default=0.0)
