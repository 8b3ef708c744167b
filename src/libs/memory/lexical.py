"""How well each candidate's words answer a question: its best sentence, and half of what stands around it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

from libs.memory.bm25 import Rarity, bm25
from libs.memory.candidates import Candidate
from libs.memory.tokens import sentences, terms

_AROUND: Final = 0.5


@dataclass(frozen=True, slots=True)
class Analysis:
    """A text as counted terms, whole and sentence by sentence."""

    whole: Mapping[str, int]
    sentences: tuple[Mapping[str, int], ...]
    length: int


def lexical_scores(question: str, candidates: Sequence[Candidate]) -> list[float]:
    """Return a score for each candidate. Units: 1.0 for a sentence with each term of the question once."""
    asked = frozenset(terms(question))
    if not asked or not candidates:
        return [0.0] * len(candidates)
    texts = [analyse(candidate.text) for candidate in candidates]
    dates = [date_terms(candidate.created_at) for candidate in candidates]
    rarity = Rarity.of([text.whole.keys() | date.keys() for text, date in zip(texts, dates, strict=True)])
    mean_length = sum(text.length for text in texts) / len(texts) or 1.0
    return [
        _best_sentence(asked, text, _around(candidate, date), rarity, text.length / mean_length)
        for candidate, text, date in zip(candidates, texts, dates, strict=True)
    ]


@lru_cache(maxsize=10_000)
def analyse(text: str) -> Analysis:
    """Count the terms of a text. Kept, because the same memories come up again and again."""
    parts = tuple(Counter(terms(sentence)) for sentence in sentences(text))
    whole = sum(parts, Counter[str]())
    return Analysis(whole, parts, whole.total())


def date_terms(created_at: datetime | None) -> Mapping[str, float]:
    """Return what a person may call the day: its weekday, month and year, and by half its number."""
    if created_at is None:
        return {}
    named = dict.fromkeys(terms(f"{created_at:%A %B %Y}"), 1.0)
    return named | {str(created_at.day): _AROUND}


def _around(candidate: Candidate, date: Mapping[str, float]) -> Mapping[str, float]:
    if not candidate.neighbour:
        return date
    said = {term: _AROUND * count for term, count in analyse(candidate.neighbour).whole.items()}
    return said | {term: weight + said.get(term, 0.0) for term, weight in date.items()}


def _best_sentence(
    asked: Iterable[str], text: Analysis, around: Mapping[str, float], rarity: Rarity, relative_length: float
) -> float:
    held = [term for term in asked if term in text.whole or term in around]
    if not held:
        return 0.0
    scores = []
    for sentence in text.sentences:
        counts = {}
        for term in held:
            own = sentence.get(term, 0)
            counts[term] = own + _AROUND * (text.whole.get(term, 0) - own) + around.get(term, 0.0)
        scores.append(bm25(asked, counts, rarity, relative_length=relative_length))
    return max(scores, default=0.0)
