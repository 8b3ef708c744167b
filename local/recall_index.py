"""A file of texts with their vectors, and the search in it: the coach's retriever without the coach.

Shape   an npz archive: `vectors` (pieces, dimensions) float32; `owners` which text each piece is of,
        ascending; `texts` JSON lines in UTF-8; `label` the embedder's
"""

import math
import os
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from libs.memory.candidates import Question, Scored
from libs.memory.lexical import analyse, date_terms
from libs.memory.retrieval import MINILM, NGRAMS, SEARCH_WIDTH, rank, retrieve
from libs.memory.tokens import terms
from libs.memory.wording import asked_text, indexed_text
from local.embedders import Embedder, HashedNgrams, installed_embedder
from local.errors import IndexUnusable
from local.recall_texts import TextLine, parse_lines, pieces

# A search by vectors alone can miss a name or a number: so many more are found by their words.
WORD_WIDTH: Final = 20


class RecallIndex:
    """Texts with their vectors, ready to be searched; adding makes a new one."""

    def __init__(
        self,
        embedder: Embedder,
        texts: Sequence[TextLine] = (),
        vectors: NDArray[np.float32] | None = None,
        owners: NDArray[np.int64] | None = None,
    ) -> None:
        self.embedder, self.texts = embedder, tuple(texts)
        self._vectors = np.empty((0, embedder.dimensions), np.float32) if vectors is None else vectors
        self._owners = np.empty(0, np.int64) if owners is None else owners
        # Where the pieces of each text begin: each has at least one.
        self._starts = np.searchsorted(self._owners, np.arange(len(texts)))
        self._holders = _holders(texts)
        self._tuning = NGRAMS if embedder.label == HashedNgrams.label else MINILM

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read an index. Raises IndexUnusable: there is none, or this machine cannot search it."""
        try:
            with np.load(path, allow_pickle=False) as archive:
                label, lines = str(archive["label"]), archive["texts"].tobytes().decode()
                vectors, owners = archive["vectors"], archive["owners"]
        except FileNotFoundError as error:
            raise IndexUnusable(
                f"there is no index {str(path)!r}; make one with: coach recall-index"
            ) from error
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise IndexUnusable(f"{str(path)!r} is no recall index; choose another file") from error
        return cls(_embedder(label, path), list(parse_lines(lines.splitlines(), TextLine)), vectors, owners)

    def save(self, path: Path) -> None:
        """Write the index; a file of that name is replaced whole or not at all."""
        lines = "\n".join(text.model_dump_json(by_alias=True, exclude_defaults=True) for text in self.texts)
        unfinished = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with unfinished.open("wb") as file:
                np.savez(
                    file,
                    label=np.array(self.embedder.label),
                    texts=np.frombuffer(lines.encode(), np.uint8),
                    vectors=self._vectors,
                    owners=self._owners,
                )
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)

    def with_texts(self, added: Iterable[TextLine]) -> Self:
        """Return the index with these texts too; a text takes the place of an earlier one of the same id."""
        new = {text.id: text for text in added}
        kept = [at for at, text in enumerate(self.texts) if text.id not in new]
        texts = [self.texts[at] for at in kept] + list(new.values())
        told = [[indexed_text(text.type, piece) for piece in pieces(text.text)] for text in new.values()]
        embedded = self.embedder.embed_all(
            [piece for text in told for piece in text], dimensions=self.embedder.dimensions
        )
        stays = np.isin(self._owners, kept)
        owners = np.concatenate(
            [
                np.searchsorted(kept, self._owners[stays]),
                np.repeat(np.arange(len(kept), len(texts)), [len(text) for text in told]),
            ]
        )
        rows = np.array(embedded, np.float32).reshape(-1, self.embedder.dimensions)
        return type(self)(
            self.embedder, texts, np.concatenate([self._vectors[stays], rows]), owners.astype(np.int64)
        )

    def search(self, query: str, *, k: int, at: datetime, relevant_only: bool = False) -> Sequence[Scored]:
        """Return the `k` best texts, best first; with `relevant_only` those that the coach would recall."""
        if not self.texts:
            return ()
        (vector,) = self.embedder.embed_all([asked_text(query)], dimensions=self.embedder.dimensions)
        pieces_near = self._vectors @ np.array(vector, np.float32)
        near = np.maximum.reduceat(pieces_near, self._starts)
        found = {*np.argsort(-near)[: max(SEARCH_WIDTH, k)].tolist(), *self._by_words(query)}
        candidates = [self.texts[place].candidate(float(near[place])) for place in sorted(found)]
        question = Question(query, at, limit=k)
        if relevant_only:
            return retrieve(question, candidates, self._tuning)
        return rank(question, candidates, self._tuning)[:k]

    def _by_words(self, query: str) -> list[int]:
        """Return the texts that hold most of the question's rarer words."""
        held = np.zeros(len(self.texts))
        for term in set(terms(query)):
            holders = self._holders.get(term, [])
            held[holders] += math.log1p(len(self.texts) / (1 + len(holders)))
        return [place for place in np.argsort(-held)[:WORD_WIDTH].tolist() if held[place]]


def _holders(texts: Sequence[TextLine]) -> dict[str, list[int]]:
    """Return which texts hold each term, their dates included."""
    holders = defaultdict(list)
    for place, text in enumerate(texts):
        for term in analyse(text.text).whole.keys() | date_terms(text.created_at).keys():
            holders[term].append(place)
    return dict(holders)


def _embedder(label: str, path: Path) -> Embedder:
    """Return the embedder that an index was made with."""
    ngrams = HashedNgrams()
    if label == ngrams.label:
        return ngrams
    best = installed_embedder()
    if best.label != label:
        raise IndexUnusable(f"{str(path)!r} was made with {label}, which is not installed; run: make setup")
    return best
