"""BM25 over a handful of texts, with fractional counts, in units of the question.

Source  Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

_SATURATION: Final = 1.2
# Less than the usual 0.75: memories differ little in length, and a long one is not off the point.
_LENGTH_WEIGHT: Final = 0.4


@dataclass(frozen=True, slots=True)
class Rarity:
    """How much it says that a text holds a term, for all terms of a collection."""

    weights: Mapping[str, float]
    unseen: float

    @classmethod
    def of(cls, texts: Sequence[Iterable[str]]) -> Self:
        """Weigh the terms of a collection; each text is given as its terms."""
        counts = Counter(term for text in texts for term in set(text))
        weights = {term: _weight(count, len(texts)) for term, count in counts.items()}
        return cls(weights, unseen=_weight(0, len(texts)))

    def __getitem__(self, term: str) -> float:
        return self.weights.get(term, self.unseen)

    def shares(self, question: Iterable[str]) -> dict[str, float]:
        """Return the terms of a question, each with its share of what they say together.

        Shape   in one order, whatever theirs: sums of floats are the same in every process
        """
        weights = {term: self[term] for term in sorted(set(question))}
        whole = sum(weights.values())
        return {term: weight / whole for term, weight in weights.items()}


def bm25(shares: Mapping[str, float], counts: Mapping[str, float], *, relative_length: float) -> float:
    """Return BM25 as a share of the question: 1.0 when a text of mean length holds each term once.

    Shape   `shares` as a `Rarity` gives them; `counts` how often the text holds a term; `relative_length` to
            the mean
    """
    damping = _SATURATION * (1 - _LENGTH_WEIGHT + _LENGTH_WEIGHT * relative_length)
    return sum(shares[term] * count * (_SATURATION + 1) / (count + damping) for term, count in counts.items())


def _weight(count: int, texts: int) -> float:
    return math.log(1 + (texts - count + 0.5) / (count + 0.5))
