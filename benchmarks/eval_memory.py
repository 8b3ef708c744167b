"""`make eval-memory`: what does the coach remember when asked, and what when asked about something else?

Every number is of the held-out half. Thresholds come from the other: for the plainer ways the lowest that
recalls something for at most one unrelated question in ten, for the retriever the constants in its `Tuning`.
"""

import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from math import log2
from statistics import fmean, median
from typing import Final

import numpy as np

from benchmarks.memory_methods import (
    Baseline,
    Fusion,
    Indexed,
    Method,
    Store,
    bm25_alone,
    by_similarity,
    plain_cosine,
    reciprocal_ranks,
)
from benchmarks.memory_sets import (
    NOW,
    Case,
    MemorySet,
    far_friends,
    friends,
    long_conversation,
    runner,
    short_memories,
)
from libs.memory.candidates import Question
from libs.memory.retrieval import MINILM, NGRAMS, SEARCH_WIDTH, Tuning, retrieve
from libs.memory.wording import asked_text, indexed_text
from local.embedders import Embedder, HashedNgrams, installed_embedder

ALLOWED_FALSE_RECALL: Final = 0.1
CUTS: Final = (1, 3, 5, 10)
_DEEPEST: Final = max(CUTS)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, what answers it, and the store with each text's similarity to it."""

    question: str
    answers: frozenset[str]
    store: Store
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """How well a way finds the answers.

    Shape   shares of answers, by cut-off in `ranked` (no threshold) and `recalled` (with it); the reciprocal
            rank of the first answer, and the discounted gain of the first ten texts, both means
    """

    ranked: tuple[float, ...]
    reciprocal_rank: float
    gain: float
    recalled: tuple[float, ...]
    false_recall: float


def ask(memories: MemorySet, embedder: Embedder) -> tuple[list[Asked], list[Asked]]:
    """Return the questions that the store answers, and those that have nothing to do with it."""
    cases = [*memories.cases, *(Case(question, frozenset()) for question in memories.unrelated)]
    texts = _embed([indexed_text(one.type, one.text) for one in memories.store], embedder)
    questions = _embed([asked_text(case.question) for case in cases], embedder)
    asked = [
        Asked(
            case.question,
            case.answers,
            [replace(one, similarity=s) for one, s in zip(memories.store, row, strict=True)],
            case.kind,
        )
        for case, row in zip(cases, (questions @ texts.T).tolist(), strict=True)
    ]
    return asked[: len(memories.cases)], asked[len(memories.cases) :]


def measure(method: Method, related: Sequence[Asked], unrelated: Sequence[Asked]) -> Report:
    """Return which share of the answers is found, and how often an unrelated question recalls anything."""
    ranked = [(one, method.rank(one.question, one.store)) for one in related]
    recalled = [(one, method.recall(one.question, one.store)) for one in related]
    return Report(
        ranked=tuple(_found(ranked, cut) for cut in CUTS),
        reciprocal_rank=fmean(_reciprocal_rank(one.answers, ids) for one, ids in ranked),
        gain=fmean(_gain(one.answers, ids) for one, ids in ranked),
        recalled=tuple(_found(recalled, cut) for cut in CUTS),
        false_recall=_share(method.recall(one.question, one.store) for one in unrelated),
    )


def tuned(baseline: Baseline, unrelated: Sequence[Asked]) -> Baseline:
    """Return the method with the lowest threshold that these unrelated questions allow."""
    by_evidence = sorted((baseline.evidence(one.question, one.store) for one in unrelated), reverse=True)
    return replace(baseline, threshold=by_evidence[int(ALLOWED_FALSE_RECALL * len(by_evidence))])


def main() -> None:
    """Print the tables for both sets with each embedder, and how long a question takes."""
    embedders: list[tuple[Embedder, Tuning]] = [(HashedNgrams(), NGRAMS)]
    best = installed_embedder()
    if isinstance(best, HashedNgrams):
        print("all-MiniLM-L6-v2 is not installed (make setup): n-grams only\n", file=sys.stderr)
    else:
        embedders.insert(0, (best, MINILM))
    for load in (short_memories, long_conversation, runner, friends, far_friends):
        for embedder, tuning in embedders:
            _print_table(load("tune"), load("held-out"), embedder, tuning)


def _print_table(tune: MemorySet, held_out: MemorySet, embedder: Embedder, tuning: Tuning) -> None:
    _, tune_unrelated = ask(tune, embedder)
    related, unrelated = ask(held_out, embedder)
    methods: dict[str, Method] = {
        "cosine": tuned(plain_cosine(), tune_unrelated),
        "BM25, stemmed": tuned(bm25_alone(), tune_unrelated),
        "RRF, unstemmed": tuned(reciprocal_ranks(), tune_unrelated),
        "our fusion": Fusion(tuning),
        "coach recall": Indexed.of(held_out.store, embedder),
    }
    print(f"{held_out.name} · {embedder.label}")
    print(f"  {len(related)} questions, {len(held_out.store)} texts, {len(unrelated)} unrelated questions")
    heads = "".join(f"{head:>7}" for head in ("@1", "@3", "@5", "@10", "MRR", "nDCG", "@1", "@3", "@5"))
    print(
        f"  {'':<16}{heads}{'false':>7}\n  {'':<16}{'ranked':>7}{'':<35}{'recalled':>8}{'':<13}{'recall':>7}"
    )
    for name, method in methods.items():
        report = measure(method, related, unrelated)
        found = (*report.ranked, report.reciprocal_rank, report.gain, *report.recalled[:3])
        shares = "".join(f"{share:7.3f}" for share in found)
        print(f"  {name:<16}{shares}{report.false_recall:7.1%}")
    _print_kinds(methods["coach recall"], related)
    median_ms = _median_ms(related, tuning)
    print(f"  retriever alone: {median_ms:.1f} ms a question of {SEARCH_WIDTH} candidates\n")


def _print_kinds(method: Method, asked: Iterable[Asked]) -> None:
    """Print how well each kind of question is answered, where kinds are told apart."""
    by_kind = sorted((one for one in asked if one.kind), key=lambda one: one.kind)
    for kind, some in groupby(by_kind, key=lambda one: one.kind):
        told = [(one, method.rank(one.question, one.store)) for one in some]
        shares = "".join(f"{_found(told, cut):7.3f}" for cut in CUTS)
        print(f"    {kind:<14}{shares}   of {len(told)}")


def _median_ms(asked: Iterable[Asked], tuning: Tuning) -> float:
    times = []
    for one in asked:
        near = by_similarity(one.store)[:SEARCH_WIDTH]
        begun = time.perf_counter()
        retrieve(Question(one.question, NOW), near, tuning)
        times.append(time.perf_counter() - begun)
    return median(times) * 1_000


def _embed(texts: Sequence[str], embedder: Embedder) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
    return np.array(embedder.embed_all(texts, dimensions=embedder.dimensions))


def _found(told: Iterable[tuple[Asked, list[str]]], cut: int) -> float:
    """Return the mean share of a question's answers that is among the first `cut`."""
    return fmean(len(one.answers & {*ids[:cut]}) / len(one.answers) for one, ids in told)


def _reciprocal_rank(answers: frozenset[str], ids: Sequence[str]) -> float:
    return next((1 / place for place, id_ in enumerate(ids, start=1) if id_ in answers), 0.0)


def _gain(answers: frozenset[str], ids: Sequence[str]) -> float:
    """Return the discounted gain of the first ten as a share of the best possible."""
    gained = sum(1 / log2(place + 2) for place, id_ in enumerate(ids[:_DEEPEST]) if id_ in answers)
    return gained / sum(1 / log2(place + 2) for place in range(min(len(answers), _DEEPEST)))


def _share(hits: Iterable[object]) -> float:
    return fmean(bool(hit) for hit in hits)


if __name__ == "__main__":
    main()
