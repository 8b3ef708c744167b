"""A vector index in memory: cosine in plain Python, each person's texts apart."""

import math
from collections.abc import Sequence

from libs.memory.errors import IndexUnavailable
from libs.memory.ports import IndexedText, IndexedType, Match, Vector, VectorIndex


class FakeIndex(VectorIndex):
    """Keeps texts by person and id; while `down`, every call fails."""

    def __init__(self) -> None:
        self.texts: dict[str, dict[str, IndexedText]] = {}
        self.down = False

    def upsert(self, user_id: str, texts: Sequence[IndexedText]) -> None:
        self._answer()
        self.texts.setdefault(user_id, {}).update({text.id: text for text in texts})

    def search(
        self, user_id: str, vector: Vector, *, types: Sequence[IndexedType], limit: int
    ) -> list[Match]:
        self._answer()
        found = [
            Match(text.id, text.type, text.text, cosine(vector, text.vector), dict(text.metadata))
            for text in self.texts.get(user_id, {}).values()
            if text.type in types
        ]
        return sorted(found, key=lambda match: -match.similarity)[: max(limit, 0)]

    def delete(self, user_id: str, ids: Sequence[str]) -> None:
        self._answer()
        kept = self.texts.get(user_id, {})
        for text_id in ids:
            kept.pop(text_id, None)

    def delete_where(self, user_id: str, name: str, value: str) -> None:
        self._answer()
        found = self.texts.get(user_id, {})
        self.delete(user_id, [text.id for text in found.values() if text.metadata.get(name) == value])

    def delete_all(self, user_id: str) -> None:
        self._answer()
        self.texts.pop(user_id, None)

    def _answer(self) -> None:
        if self.down:
            raise IndexUnavailable("the fake index is down")


def cosine(one: Vector, other: Vector) -> float:
    """Return the cosine of the angle between two vectors, neither of them zero."""
    product = sum(a * b for a, b in zip(one, other, strict=True))
    return product / (math.hypot(*one) * math.hypot(*other))
