"""An embedder that hashes words and pieces of words: near for shared spelling, blind to meaning."""

import math
import re
from zlib import crc32

from libs.memory.errors import EmbedderUnavailable
from libs.memory.ports import Embedder, Vector

_GRAM = 4


class FakeEmbedder(Embedder):
    """Gives the same vector for the same text, always; while `down`, every call fails."""

    def __init__(self, dimensions: int = 64) -> None:
        self.dimensions = dimensions
        self.down = False
        self.asked: list[str] = []

    def embed(self, text: str) -> Vector:
        if self.down:
            raise EmbedderUnavailable("the fake embedder is down")
        self.asked.append(text)
        vector = [0.0] * self.dimensions
        for gram in _grams(text):
            place = crc32(gram.encode("utf-8", "replace"))
            vector[place % self.dimensions] += 1.0 if place & 0x8000_0000 else -1.0
        length = math.hypot(*vector)
        # A text without words, or whose grams cancel out, has some direction too.
        return tuple(value / length for value in vector) if length else (1.0, *vector[1:])


def _grams(text: str) -> list[str]:
    words = [f" {word} " for word in re.findall(r"\w+", text.casefold())]
    pieces = [word[start : start + _GRAM] for word in words for start in range(len(word) - _GRAM + 1)]
    return [*words, *pieces]
