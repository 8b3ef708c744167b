"""What memory needs from outside, in its own words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

type Vector = Sequence[float]
type IndexedType = Literal["memory", "summary", "workout", "exchange"]


@dataclass(frozen=True, slots=True)
class IndexedText:
    """A text with its vector, as it lies in the index.

    Shape   `metadata` holds strings, numbers and booleans; the text itself is not part of it
    """

    id: str
    type: IndexedType
    text: str
    vector: Vector
    metadata: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Match:
    """What a search found. Units: `similarity` is the cosine, in [-1, 1]."""

    id: str
    type: IndexedType
    text: str
    similarity: float
    metadata: Mapping[str, Any]


class VectorIndex(Protocol):
    """Texts by their meaning, each person's apart. Every method raises IndexUnavailable."""

    def upsert(self, user_id: str, texts: Sequence[IndexedText]) -> None:
        """Write; the same id again takes the place of what was there."""
        ...

    def search(
        self, user_id: str, vector: Vector, *, types: Sequence[IndexedType], limit: int
    ) -> list[Match]:
        """Return the person's nearest texts of these types, nearest first; what was just written may lack."""
        ...

    def delete(self, user_id: str, ids: Sequence[str]) -> None: ...

    def delete_where(self, user_id: str, name: str, value: str) -> None:
        """Delete the person's texts whose metadata say so; what was just written may stay."""
        ...

    def delete_all(self, user_id: str) -> None:
        """Delete all of the person's texts; nothing there is no error."""
        ...


class Embedder(Protocol):
    """Turns texts into vectors of one fixed length, normalised. Raises EmbedderUnavailable."""

    def embed(self, text: str) -> Vector: ...
