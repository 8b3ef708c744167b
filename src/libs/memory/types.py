"""The values of memory."""

from dataclasses import dataclass
from typing import Literal

type MemoryType = Literal["preference", "goal", "constraint", "instruction", "other"]
type Importance = Literal["low", "medium", "high"]
type RecallSource = Literal["pinned", "search", "words"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Something that a person wanted remembered. `coach_id`: the coach whom it was told."""

    memory_id: str
    content: str
    type: MemoryType
    importance: Importance
    is_coach_specific: bool
    tags: tuple[str, ...]
    coach_id: str
    created_at: str
    updated_at: str


@dataclass(frozen=True, slots=True)
class Recalled:
    """A memory that an answer is given, and why. Units: `score` in [0, 1]."""

    memory: Memory
    score: float
    source: RecallSource
