"""What is asked, what may answer it, and what was found to."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

# Statements are told in the extractor's words, so that a word shared by chance says little; all other texts
# (exchanges, summaries, workouts) hold the person's own.
STATEMENT_TYPES: Final = frozenset({"constraint", "goal", "instruction", "memory", "other", "preference"})
# Of these the newer one counts more: knees heal, plans change.
CHANGING_TYPES: Final = frozenset({"constraint", "goal"})


@dataclass(frozen=True, slots=True)
class Question:
    """What a person asks, when, and how many answers are wanted. Shape: `at` is aware of its zone."""

    text: str
    at: datetime
    limit: int = 5


@dataclass(frozen=True, slots=True)
class Candidate:
    """A text that may be worth recalling.

    Shape   `neighbour` is what was said before and after it; `speaker` who said it, empty where that is not
            known; `heading` what stands in front of it, such as a date; `created_at` is aware of its zone
    Units   `similarity` is a cosine in [-1, 1], `nearby` that of what was said before it; None where no
            vectors were compared
    """

    id: str
    type: str
    text: str
    similarity: float | None
    created_at: datetime | None = None
    neighbour: str = ""
    importance: Literal["low", "medium", "high"] = "medium"
    speaker: str = ""
    heading: str = ""
    nearby: float | None = None


@dataclass(frozen=True, slots=True)
class Scored:
    """A candidate, how well it answers, and the evidence.

    Units   `score` in [0, 1], comparable within one question only; `similarity` as it was given, 0 for None;
            `lexical` 1.0 when a sentence of the text holds each term of the question once
    """

    candidate: Candidate
    score: float
    similarity: float
    lexical: float
