"""The records of one namespace, and which of them are nearest to a vector."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from local.pinecone_emulator.filters import Metadata


@dataclass(frozen=True, slots=True)
class Record:
    """A vector with its metadata. Shape: `vector` holds 32-bit floats, as Pinecone keeps them."""

    id: str
    vector: bytes
    metadata: Metadata

    @property
    def dimension(self) -> int:
        return len(self.vector) // 4

    @property
    def values(self) -> list[float]:
        return array("f", self.vector).tolist()


def packed(values: Sequence[float]) -> bytes:
    return array("f", values).tobytes()


class Namespace:
    """Records by id; what a search needs is made at the first one after a change."""

    def __init__(self) -> None:
        self._records: dict[str, Record] = {}
        self._directions: Any = None

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Record]:
        return iter(self._records.values())

    def get(self, record_id: str) -> Record | None:
        return self._records.get(record_id)

    def put(self, records: Iterable[Record]) -> None:
        self._records.update({record.id: record for record in records})
        self._directions = None

    def drop(self, ids: Iterable[str]) -> None:
        for record_id in ids:
            self._records.pop(record_id, None)
        self._directions = None

    def nearest(self, vector: bytes) -> Iterator[tuple[Record, float]]:
        """Yield all records with the cosine of their angle to `vector`, nearest first."""
        if not self._records:
            return
        # Imported here: the stack's start need not wait for it.
        import numpy as np

        records = list(self._records.values())
        if self._directions is None:
            numbers = np.frombuffer(b"".join(record.vector for record in records), np.float32)
            rows = numbers.reshape(len(records), -1)
            # A vector may be so short that its length is zero in 32 bits.
            self._directions = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-30)
        wanted = np.frombuffer(vector, np.float32)
        scores = self._directions @ (wanted / max(float(np.linalg.norm(wanted)), 1e-30))
        for place in np.argsort(-scores, kind="stable"):
            yield records[place], float(scores[place])
