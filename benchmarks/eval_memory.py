"""`make eval-memory`: what would the coach remember when asked, and what when asked about something else?

Every number is of the held-out half. Thresholds come from the other half: for the plainer ways the lowest that
recalls something for at most one unrelated question in ten, for ours the constants in `Tuning`.
"""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from benchmarks.memory_methods import Found, Method, bm25_alone, fusion, plain_cosine, reciprocal_ranks
from benchmarks.memory_sets import NOW, Half, MemorySet, long_conversation, short_memories
from libs.memory.candidates import Candidate, Question
from libs.memory.retrieval import MINILM, NGRAMS, SEARCH_WIDTH, Tuning, needed_evidence, retrieve
from libs.memory.wording import asked_text, indexed_text
from local.embedders import Embedder, HashedNgrams, SentenceModel, installed_embedder

_ALLOWED: Final = 0.1
_CUTS: Final = (1, 3, 5)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with the whole store, each text with its similarity to it."""

    question: str
    answers: frozenset[str]
    store: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """Shape: `recall` by cut-off, without and with the threshold; both shares of questions."""

    ranked: tuple[float, ...]
    recall: tuple[float, ...]
    false_recall: float


def asked(memories: MemorySet, embedder: Embedder) -> tuple[list[Asked], list[Asked]]:
    """Return the questions that the store answers, and those that it does not."""
    store = _embedded([indexed_text(one.type, one.text) for one in memories.store], embedder)

    def of(question: str, answers: frozenset[str], similarities: Sequence[float]) -> Asked:
        near = (replace(one, similarity=s) for one, s in zip(memories.store, similarities, strict=True))
        return Asked(question, answers, tuple(near))

    questions = [case.question for case in memories.cases] + list(memories.unrelated)
    answers = [case.answers for case in memories.cases] + [frozenset[str]()] * len(memories.unrelated)
    similarities = (_embedded([asked_text(question) for question in questions], embedder) @ store.T).tolist()
    every = [of(*one) for one in zip(questions, answers, similarities, strict=True)]
    return every[: len(memories.cases)], every[len(memories.cases) :]
