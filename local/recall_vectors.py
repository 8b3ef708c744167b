"""The vectors of an index: each text by its passages and by its sentences.

Shape   `rows` (pieces, dimensions) float32, of length one; `owners` which text each piece is of, ascending,
        at least one for each; `whole` which pieces are passages, the others being sentences
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray

from libs.memory.wording import indexed_text
from local.embedders import Embedder
from local.recall_texts import pieces

_BATCH: Final = 256
# So many standard errors nearer than chance texts must be to the next ones to be taken for a conversation.
_COHESION: Final = 3.0

type Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class TextVectors:
    rows: Floats
    owners: NDArray[np.int64]
    whole: NDArray[np.bool_]
    NAMES: ClassVar = ("rows", "owners", "whole")

    @classmethod
    def none(cls, dimensions: int) -> Self:
        return cls(np.empty((0, dimensions), np.float32), np.empty(0, np.int64), np.empty(0, np.bool_))

    @classmethod
    def of(
        cls,
        texts: Sequence[tuple[str, str]],
        embedder: Embedder,
        progress: Callable[[int, int], None],
    ) -> Self:
        """Embed texts, given as (type, text); `progress` hears how many pieces of how many are done."""
        told = [pieces(text) for _, text in texts]
        wordings = [
            indexed_text(type_, piece)
            for (type_, _), parts in zip(texts, told, strict=True)
            for piece, _ in parts
        ]
        none = np.empty((0, embedder.dimensions), np.float32)
        return cls(
            np.concatenate([none, *_embedded(wordings, embedder, progress)]),
            np.repeat(np.arange(len(told)), [len(parts) for parts in told]),
            np.array([whole for parts in told for _, whole in parts], np.bool_),
        )

    @property
    def starts(self) -> NDArray[np.int64]:
        """Where the pieces of each text begin."""
        return np.flatnonzero(np.diff(self.owners, prepend=-1))

    def arrays(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.NAMES}

    def only(self, texts: Sequence[int]) -> Self:
        """Return the vectors of some of the texts. Shape: `texts` ascending; they are numbered anew."""
        stays = np.isin(self.owners, texts)
        owners = np.searchsorted(np.array(texts, np.int64), self.owners[stays])
        return type(self)(self.rows[stays], owners, self.whole[stays])

    def then(self, more: Self) -> Self:
        """Return these vectors, and those of more texts after them."""
        first = int(self.owners[-1]) + 1 if len(self.owners) else 0
        return type(self)(
            np.concatenate([self.rows, more.rows]),
            np.concatenate([self.owners, more.owners + first]),
            np.concatenate([self.whole, more.whole]),
        )

    def similarities(self, question: Floats) -> Floats:
        """Return each text's cosine to a question: the mean of its best passage's and its best piece's."""
        # not `@`: OpenBLAS would start threads, which wait busily for each other beside the stack's processes
        near = np.einsum("ij,j->i", self.rows, question)
        starts = self.starts
        passages = np.maximum.reduceat(np.where(self.whole, near, np.float32(-1)), starts)
        best: Floats = np.float32(0.5) * (passages + np.maximum.reduceat(near, starts))
        return best

    def are_in_order(self, order: Sequence[int]) -> bool:
        """Whether texts in this order are nearer to the next one than to the others, as in a conversation."""
        firsts = self.rows[self.starts][list(order)]
        if len(firsts) < 3:
            return False
        following = np.einsum("ij,ij->i", firsts[:-1], firsts[1:])
        mean, count = firsts.mean(axis=0), len(firsts)
        by_chance = (count * float(mean @ mean) - 1.0) / (count - 1)
        error = float(following.std()) / np.sqrt(count - 1)
        return bool(float(following.mean()) - by_chance > _COHESION * error)


def _embedded(
    wordings: Sequence[str], embedder: Embedder, progress: Callable[[int, int], None]
) -> Iterator[Floats]:
    for start in range(0, len(wordings), _BATCH):
        batch = embedder.embed_all(wordings[start : start + _BATCH], dimensions=embedder.dimensions)
        yield np.array(batch, np.float32)
        progress(min(start + _BATCH, len(wordings)), len(wordings))
