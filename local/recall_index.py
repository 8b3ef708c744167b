"""A file of texts with their vectors, and the search in it: the coach's retriever without the coach."""

import os
import tempfile
import zipfile
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from libs.memory.candidates import Candidate, Question, Scored
from libs.memory.retrieval import MINILM, NGRAMS, rank, retrieve
from libs.memory.speakers import speakers, split, without_names
from libs.memory.wording import asked_text
from local.embedders import Embedder, HashedNgrams, installed_embedder
from local.errors import IndexUnusable
from local.recall_texts import TextLine, in_order, orders, parse_lines
from local.recall_vectors import TextVectors
from local.recall_words import WordSearch

# A search by vectors alone can miss a name or a number: so many more are found by their words.
VECTOR_WIDTH: Final = 60
WORD_WIDTH: Final = 30
# What was said before a text tells what it is about, the less the longer ago.
_EARLIER: Final = (4 / 7, 2 / 7, 1 / 7)

type Progress = Callable[[int, int], None]


def check_writable(path: Path) -> None:
    """Raises IndexUnusable where no index can be written, before anything is embedded for it."""
    try:
        tempfile.TemporaryFile(dir=path.parent).close()
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> IndexUnusable:
    return IndexUnusable(f"{str(path)!r} cannot be written ({error.strerror}); choose another file")


def _in_silence(_done: int, _of: int) -> None: ...


class RecallIndex:
    """Texts with their vectors, ready to be searched; adding makes a new one."""

    def __init__(
        self, embedder: Embedder, texts: Sequence[TextLine] = (), vectors: TextVectors | None = None
    ) -> None:
        self.embedder, self.texts = embedder, tuple(texts)
        self.ids = {text.key: text.id for text in texts}
        self._vectors = vectors or TextVectors.none(embedder.dimensions)
        self._names = speakers(text.text for text in texts) | {text.speaker for text in texts} - {""}
        self._before, self._after = _neighbours(texts)
        self._candidates = _candidates(self.texts, self._names, self._before, self._after)
        self._words = WordSearch.of(self._candidates, before=self._before)
        self._tuning = NGRAMS if embedder.label == HashedNgrams.label else MINILM

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read an index. Raises IndexUnusable: there is none, or this machine cannot search it."""
        try:
            with np.load(path, allow_pickle=False) as archive:
                label, lines = str(archive["label"]), archive["texts"].tobytes().decode()
                vectors = TextVectors(**{name: archive[name] for name in TextVectors.NAMES})
        except FileNotFoundError as error:
            raise IndexUnusable(
                f"there is no index {str(path)!r}; make one with: coach recall-index"
            ) from error
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise IndexUnusable(f"{str(path)!r} is no recall index; choose another file") from error
        return cls(_embedder(label, path), list(parse_lines(lines.split("\n"), TextLine)), vectors)

    def save(self, path: Path) -> None:
        """Write the index; a file of that name is replaced whole or not at all. Raises IndexUnusable."""
        lines = "\n".join(text.model_dump_json(by_alias=True, exclude_defaults=True) for text in self.texts)
        unfinished = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with unfinished.open("wb") as file:
                np.savez(
                    file,
                    label=np.array(self.embedder.label),
                    texts=np.frombuffer(lines.encode(), np.uint8),
                    **self._vectors.arrays(),
                )
            unfinished.replace(path)
        except OSError as error:
            raise _unwritable(path, error) from error
        finally:
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)

    def with_texts(
        self, added: Iterable[TextLine], *, ordered: bool | None = None, progress: Progress = _in_silence
    ) -> Self:
        """Return the index with these texts too; a text takes the place of an earlier one of the same id.

        Shape   `ordered`: whether they are a conversation as they come; for None that is told from the texts,
                whose times and ids may put them in order
        """
        told = list({text.key: text for text in added}.values())
        names = self._names | speakers(text.text for text in told)
        new = [_with_speaker(text, names) for text in told]
        vectors = TextVectors.of(
            [(text.type, split(text.text, names)[1]) for text in new], self.embedder, progress
        )
        if ordered:
            new = in_order(new)
        elif ordered is None and _may_follow(new):
            said = next((order for order in orders(new) if vectors.are_in_order(order)), None)
            new = in_order(new, said) if said else new
        ids = {text.key for text in new}
        kept = [place for place, text in enumerate(self.texts) if text.key not in ids]
        texts = [self.texts[place] for place in kept] + new
        return type(self)(self.embedder, texts, self._vectors.only(kept).then(vectors))

    def search(self, query: str, *, k: int, at: datetime, relevant_only: bool = False) -> Sequence[Scored]:
        """Return the `k` best texts, best first; with `relevant_only` those that the coach would recall."""
        if not self.texts:
            return ()
        asked = asked_text(without_names(query, self._names))
        (vector,) = self.embedder.embed_all([asked], dimensions=self.embedder.dimensions)
        similarities = self._vectors.similarities(np.array(vector, np.float32))
        nearby = self._nearby(similarities)
        width = max(VECTOR_WIDTH, k)
        nearest = np.argpartition(-similarities - nearby, min(width, len(nearby)) - 1)[:width].tolist()
        found = sorted({*nearest, *self._words.best(query, WORD_WIDTH)})
        candidates = [
            replace(
                self._candidates[place], similarity=float(similarities[place]), nearby=float(nearby[place])
            )
            for place in found
        ]
        question = Question(query, at, limit=k)
        if relevant_only:
            return retrieve(question, candidates, self._tuning, rarity=self._words.rarity)
        return rank(question, candidates, self._tuning, rarity=self._words.rarity)[:k]

    def _nearby(self, similarities: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the similarity of what was said before each text; where nothing was, its own."""
        nearby = np.zeros_like(similarities)
        place = np.arange(len(similarities))
        for share in _EARLIER:
            place = np.where(place >= 0, self._before[place], -1)
            nearby += np.float32(share) * np.where(place >= 0, similarities[place], similarities)
        return nearby


def _candidates(
    texts: Sequence[TextLine],
    names: Collection[str],
    before: NDArray[np.int64],
    after: NDArray[np.int64],
) -> list[Candidate]:
    """Return the texts as the retriever reads them: what stands in front of what was said apart from it."""
    said = [split(text.text, names)[1] for text in texts]
    return [
        Candidate(
            text.key,
            text.type,
            said[place],
            None,
            created_at=text.created_at,
            neighbour=text.neighbour
            or "\n".join(said[at] for at in (before[place], after[place]) if at >= 0),
            speaker=text.speaker,
            heading=text.text.removesuffix(said[place]),
        )
        for place, text in enumerate(texts)
    ]


def _neighbours(texts: Sequence[TextLine]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the place of the text before each, and after it; -1 for none."""
    places: dict[object, int] = {text.id: place for place, text in enumerate(texts)}
    before = np.array([places.get(text.follows or "", -1) for text in texts], np.int64)
    after = np.full(len(texts), -1, np.int64)
    later = np.flatnonzero(before >= 0)
    after[before[later]] = later
    return before, after


def _with_speaker(text: TextLine, names: Iterable[str]) -> TextLine:
    return text if text.speaker else text.model_copy(update={"speaker": split(text.text, {*names})[0]})


def _may_follow(texts: Sequence[TextLine]) -> bool:
    """Whether nobody has said yet what stands around these texts."""
    return not any(text.neighbour or text.follows or text.type for text in texts)


def _embedder(label: str, path: Path) -> Embedder:
    """Return the embedder that an index was made with."""
    ngrams = HashedNgrams()
    if label == ngrams.label:
        return ngrams
    best = installed_embedder()
    if best.label != label:
        raise IndexUnusable(f"{str(path)!r} was made with {label}, which is not installed; run: make setup")
    return best
