"""Which texts of an index hold the words of a question, and how much each word tells."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from libs.memory.bm25 import Rarity
from libs.memory.candidates import Candidate
from libs.memory.lexical import analyse, mark_terms
from libs.memory.tokens import terms

_AROUND: Final = 0.5


class WordSearch:
    """The texts by their terms, dates and speakers included."""

    def __init__(self, holders: dict[str, list[int]], rarity: Rarity, before: NDArray[np.int64]) -> None:
        self.rarity = rarity
        self._holders, self._size = holders, len(before)
        self._later = np.flatnonzero(before >= 0)
        self._earlier = before[self._later]

    @classmethod
    def of(cls, texts: Sequence[Candidate], *, before: NDArray[np.int64]) -> Self:
        """Read the texts. Shape: `before` the place of the text that each one follows, -1 for none."""
        held = [
            analyse(text.text).whole.keys() | mark_terms(text.speaker, text.heading, text.created_at).keys()
            for text in texts
        ]
        holders = defaultdict(list)
        for place, said in enumerate(held):
            for term in said:
                holders[term].append(place)
        return cls(dict(holders), Rarity.of(held), before)

    def best(self, question: str, count: int) -> list[int]:
        """Return the places of the texts that hold, or stand beside, most of the question's rarer words."""
        own = np.zeros(self._size)
        for term in sorted(set(terms(question))):
            if holders := self._holders.get(term):
                own[holders] += self.rarity[term]
        held = own.copy()
        held[self._later] += _AROUND * own[self._earlier]
        held[self._earlier] += _AROUND * own[self._later]
        places = np.flatnonzero(held)
        best: list[int] = places[np.argsort(-held[places], kind="stable")[:count]].tolist()
        return best
