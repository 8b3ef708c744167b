"""Four ways to choose what to recall: the retriever, and the plainer ways that it has to beat."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

from benchmarks.memory_sets import NOW
from libs.memory.bm25 import Rarity, bm25
from libs.memory.candidates import Candidate, Question
from libs.memory.retrieval import SEARCH_WIDTH, Tuning, evidence, rank
from libs.memory.tokens import terms, words

_RRF_CONSTANT: Final = 60


@dataclass(frozen=True, slots=True)
class Found:
    """The ids that a method puts first, and how sure it is that the question is about the store at all."""

    ids: tuple[str, ...]
    evidence: float


type Method = Callable[[str, Sequence[Candidate]], Found]


def plain_cosine(_question: str, store: Sequence[Candidate]) -> Found:
    nearest = _nearest(store)
    return Found(_ids(nearest), nearest[0].similarity or 0.0)


def bm25_alone(question: str, store: Sequence[Candidate]) -> Found:
    """Rank by stemmed BM25 without stop words."""
    scores = _bm25(question, store, terms)
    return Found(_ids(_by(scores, store)), max(scores))


def reciprocal_ranks(question: str, store: Sequence[Candidate]) -> Found:
    """Fuse the ranks of cosine and of unstemmed BM25; ranks tell no evidence, so that the cosine does."""
    nearest = _nearest(store)
    places = [{found: place for place, found in enumerate(ids)} for ids in (
        _ids(nearest), _ids(_by(_bm25(question, store, words), store))
    )]  # fmt: skip
    scores = [sum(1 / (_RRF_CONSTANT + place[one.id]) for place in places) for one in store]
    return Found(_ids(_by(scores, store)), nearest[0].similarity or 0.0)


def fusion(tuning: Tuning) -> Method:
    """Return the retriever without its threshold, so that both can be looked at by themselves."""

    def found(question: str, store: Sequence[Candidate]) -> Found:
        ranked = rank(Question(question, NOW), _nearest(store)[:SEARCH_WIDTH], tuning)
        return Found(tuple(scored.candidate.id for scored in ranked), evidence(ranked))

    return found


def _bm25(question: str, store: Sequence[Candidate], split: Callable[[str], list[str]]) -> list[float]:
    texts = [split(candidate.text) for candidate in store]
    rarity, mean_length = Rarity.of(texts), fmean(map(len, texts))
    asked = split(question)
    return [bm25(asked, Counter(text), rarity, relative_length=len(text) / mean_length) for text in texts]


def _nearest(store: Sequence[Candidate]) -> list[Candidate]:
    return _by([candidate.similarity or 0.0 for candidate in store], store)


def _by(scores: Sequence[float], store: Sequence[Candidate]) -> list[Candidate]:
    order = sorted(range(len(store)), key=lambda place: -scores[place])
    return [store[place] for place in order]


def _ids(candidates: Sequence[Candidate]) -> tuple[str, ...]:
    return tuple(candidate.id for candidate in candidates)
