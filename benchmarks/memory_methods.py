"""Five ways to choose what to recall: the retriever, twice, and the plainer ways that it has to beat."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final, Protocol, Self

from benchmarks.memory_sets import NOW
from libs.memory.bm25 import Rarity, bm25
from libs.memory.candidates import Candidate, Question
from libs.memory.retrieval import SEARCH_WIDTH, Tuning, rank, retrieve
from libs.memory.tokens import terms, words
from local.embedders import Embedder
from local.recall_index import RecallIndex
from local.recall_texts import TextLine

_RRF_CONSTANT: Final = 60

type Store = Sequence[Candidate]


class Method(Protocol):
    """Chooses from a store whose texts hold their similarity to the question."""

    def rank(self, question: str, store: Store) -> list[str]:
        """Return ids, best first, whatever the question is about."""
        ...

    def recall(self, question: str, store: Store) -> list[str]:
        """Return at most five ids; none for a question that seems to be about something else."""
        ...


@dataclass(frozen=True, slots=True)
class Fusion:
    """The retriever, behind a vector search as in production."""

    tuning: Tuning

    def rank(self, question: str, store: Store) -> list[str]:
        near = by_similarity(store)[:SEARCH_WIDTH]
        return [scored.candidate.id for scored in rank(Question(question, NOW), near, self.tuning)]

    def recall(self, question: str, store: Store) -> list[str]:
        near = by_similarity(store)[:SEARCH_WIDTH]
        return [scored.candidate.id for scored in retrieve(Question(question, NOW), near, self.tuning)]


@dataclass(frozen=True, slots=True)
class Indexed:
    """The retriever as `coach recall` has it, which knows who speaks and what stands around."""

    index: RecallIndex

    @classmethod
    def of(cls, store: Store, embedder: Embedder) -> Self:
        texts = [
            TextLine(id=one.id, type=one.type, text=one.text, created_at=one.created_at) for one in store
        ]
        return cls(RecallIndex(embedder).with_texts(texts))

    def rank(self, question: str, store: Store) -> list[str]:
        return [scored.candidate.id for scored in self.index.search(question, k=len(store), at=NOW)]

    def recall(self, question: str, store: Store) -> list[str]:  # noqa: ARG002 - the index holds it
        found = self.index.search(question, k=5, at=NOW, relevant_only=True)
        return [scored.candidate.id for scored in found]


@dataclass(frozen=True, slots=True)
class Baseline:
    """A plainer way: an order, and a threshold for the evidence."""

    order: Callable[[str, Store], list[Candidate]]
    evidence: Callable[[str, Store], float]
    threshold: float = 0.0

    def rank(self, question: str, store: Store) -> list[str]:
        return [one.id for one in self.order(question, store)]

    def recall(self, question: str, store: Store) -> list[str]:
        return self.rank(question, store)[:5] if self.evidence(question, store) > self.threshold else []


def by_similarity(store: Store) -> list[Candidate]:
    return _by([one.similarity or 0.0 for one in store], store)


def plain_cosine() -> Baseline:
    return Baseline(lambda _question, store: by_similarity(store), _best_similarity)


def bm25_alone() -> Baseline:
    """Return stemmed BM25 without stop words over the whole store."""
    return Baseline(
        lambda question, store: _by(_bm25(question, store, terms), store),
        lambda question, store: max(_bm25(question, store, terms)),
    )


def reciprocal_ranks() -> Baseline:
    """Return cosine and unstemmed BM25 fused by their ranks; ranks tell no evidence: the cosine does."""
    return Baseline(_by_reciprocal_ranks, _best_similarity)


def _by_reciprocal_ranks(question: str, store: Store) -> list[Candidate]:
    orders = (by_similarity(store), _by(_bm25(question, store, words), store))
    scores = dict.fromkeys((one.id for one in store), 0.0)
    for order in orders:
        for place, one in enumerate(order):
            scores[one.id] += 1 / (_RRF_CONSTANT + place)
    return _by([scores[one.id] for one in store], store)


def _best_similarity(_question: str, store: Store) -> float:
    return max(one.similarity or 0.0 for one in store)


def _bm25(question: str, store: Store, split: Callable[[str], list[str]]) -> list[float]:
    texts = [split(one.text) for one in store]
    rarity, mean_length = Rarity.of(texts), fmean(map(len, texts))
    shares = rarity.shares(split(question))
    return [_share_of(shares, Counter(text), len(text) / mean_length) for text in texts]


def _share_of(shares: Mapping[str, float], counts: Mapping[str, int], relative_length: float) -> float:
    held = {term: counts[term] for term in shares if term in counts}
    return bm25(shares, held, relative_length=relative_length)


def _by(scores: Sequence[float], store: Store) -> list[Candidate]:
    order = sorted(range(len(store)), key=lambda place: -scores[place])
    return [store[place] for place in order]
