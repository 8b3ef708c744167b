"""Which of the texts that a vector search found are worth showing the model: a pure function of these.

    similarity ─────────────────────────── min-max ─┐
    text ─ terms ─ best sentence ─ BM25 ─ min-max² ─┼─ fused ─ recency ─ evidence ─ doubles ─ limit
    says something, a time, a number, who ─ fitness ─┘

Min-max keeps how much better one text is than the next, which reciprocal ranks throw away. The numbers of
`Tuning` were chosen on one half of the questions in tests/data; `make eval-memory` measures on the other.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from statistics import fmean
from typing import Final

from libs.memory.bm25 import Rarity
from libs.memory.candidates import CHANGING_TYPES, Candidate, Question, Scored
from libs.memory.doubles import says_the_same
from libs.memory.expectations import fitness
from libs.memory.lexical import lexical_scores

# How many nearest texts a search is to find for one question.
SEARCH_WIDTH: Final = 50
_IMPORTANCE: Final = {"low": 0.9, "medium": 0.95, "high": 1.0}
_DAY_S: Final = 86_400
# Cosines that differ by less than this say nearly the same.
_LEAST_SPREAD: Final = 0.25


@dataclass(frozen=True, slots=True)
class Tuning:
    """What fits one embedding model; the defaults fit all-MiniLM-L6-v2.

    Shape   `evidence_of_one` is asked of a single candidate, `evidence_of_many` where SEARCH_WIDTH were found
    Units   `least_share` is of the best score; a changing memory loses `fading` of its score in the end,
            half of that in `half_life_days`
    """

    lexical_weight: float = 0.45
    nearby_weight: float = 0.7
    fitness_weight: float = 0.55
    evidence_of_one: float = 0.3
    evidence_of_many: float = 0.64
    least_share: float = 0.4
    fading: float = 0.15
    half_life_days: float = 90.0


MINILM: Final = Tuning()
# Hashed n-grams are near to anything that shares a few letters.
NGRAMS: Final = replace(MINILM, lexical_weight=0.7, evidence_of_one=0.3, evidence_of_many=0.6)


def retrieve(
    question: Question,
    candidates: Sequence[Candidate],
    tuning: Tuning = MINILM,
    *,
    rarity: Rarity | None = None,
) -> tuple[Scored, ...]:
    """Return the candidates worth showing, best first.

    Shape   at most `question.limit`, no two that say the same; empty when the evidence is too thin; `rarity`
            of the terms in everything there is to find, where it is known
    """
    ranked = rank(question, candidates, tuning, rarity=rarity)
    if not ranked or evidence(ranked) < _needed(len(ranked), tuning):
        return ()
    least = tuning.least_share * ranked[0].score
    return _without_doubles((scored for scored in ranked if scored.score >= least), limit=question.limit)


def rank(
    question: Question,
    candidates: Sequence[Candidate],
    tuning: Tuning = MINILM,
    *,
    rarity: Rarity | None = None,
) -> list[Scored]:
    """Return all candidates, best first, whether they answer the question or not."""
    lexical = lexical_scores(question.text, candidates, rarity)
    nearness = _min_max([_nearness(candidate, tuning) for candidate in candidates])
    fitting = fitness(question.text, candidates)
    best_words = max(lexical, default=0.0)
    scored = []
    for candidate, near, words, fit in zip(candidates, nearness, lexical, fitting, strict=True):
        share = (words / max(best_words, 1.0)) ** 2
        fused = near + tuning.lexical_weight * (share - near)
        fused = (fused + tuning.fitness_weight * fit) / (1.0 + tuning.fitness_weight)
        weight = _IMPORTANCE[candidate.importance] * _freshness(candidate, question.at, tuning)
        scored.append(Scored(candidate, fused * weight, candidate.similarity or 0.0, words))
    return sorted(scored, key=lambda one: one.score, reverse=True)


def evidence(ranked: Sequence[Scored]) -> float:
    """Return how much speaks for it that the question is about what is remembered at all.

    A question about training is a little like everything that a coach remembers, one about chess is like one
    memory by chance: therefore the ten nearest count beside the nearest.
    """
    nearest = sorted((scored.similarity for scored in ranked), reverse=True)[:10]
    return nearest[0] + fmean(nearest) + 0.2 * max(scored.lexical for scored in ranked)


def _needed(found: int, tuning: Tuning) -> float:
    """Return the evidence asked for: of many candidates one is always near by chance."""
    crowd = min(found / SEARCH_WIDTH, 1.0)
    return tuning.evidence_of_one + crowd * (tuning.evidence_of_many - tuning.evidence_of_one)


def _nearness(candidate: Candidate, tuning: Tuning) -> float:
    """Return the similarity, with a part of that of what was said before: answers follow their questions."""
    own = candidate.similarity or 0.0
    return own + tuning.nearby_weight * (own if candidate.nearby is None else candidate.nearby)


def _min_max(values: Sequence[float]) -> list[float]:
    """Return each value as a share of their range; among few that are all alike the last is no nothing."""
    high = max(values, default=0.0)
    spread = max(high - min(values, default=0.0), _LEAST_SPREAD)
    return [1.0 - (high - value) / spread for value in values]


def _freshness(candidate: Candidate, at: datetime, tuning: Tuning) -> float:
    if candidate.type not in CHANGING_TYPES or candidate.created_at is None:
        return 1.0
    age_days = max((at - candidate.created_at).total_seconds() / _DAY_S, 0.0)
    left = math.pow(0.5, age_days / tuning.half_life_days)
    return 1.0 - tuning.fading * (1.0 - left)


def _without_doubles(ranked: Iterable[Scored], *, limit: int) -> tuple[Scored, ...]:
    """Return the first `limit` that each say something else."""
    kept: list[Scored] = []
    for scored in ranked:
        if len(kept) == limit:
            break
        if not any(says_the_same(scored.candidate.text, other.candidate.text) for other in kept):
            kept.append(scored)
    return tuple(kept)
