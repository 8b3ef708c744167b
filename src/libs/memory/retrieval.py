"""Which of the texts that a vector search found are worth showing the model: a pure function of what it found.

    similarity ──────────────────────────────┐ min-max
    text ─ terms ─ best sentence ─ BM25 ─────┴─────────▶ fused ─ recency ─ no doubles ─ threshold ─ limit

Min-max keeps how much better one text is than the next, which reciprocal ranks throw away. The numbers in
`Tuning` were chosen on one half of tests/data and are measured on the other by `make eval-memory`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

_DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and when."""

    text: str
    at: datetime
    limit: int = 5


@dataclass(frozen=True, slots=True)
class Candidate:
    """A text that may be worth recalling.

    Shape   `neighbour` is what was said around it; `similarity` None where no vectors were compared
    Units   `similarity` cosine in [-1, 1]
    """

    id: str
    type: str
    text: str
    similarity: float | None
    created_at: datetime | None = None
    neighbour: str = ""
    importance: Literal["low", "medium", "high"] = "medium"


@dataclass(frozen=True, slots=True)
class Scored:
    """A candidate with its score in [0, 1] and the evidence behind it."""

    candidate: Candidate
    score: float
    similarity: float
    lexical: float
