"""Which texts say the same, so that only one of them is shown."""

from typing import Final

from libs.memory.tokens import stem, words
from libs.memory.vocabulary import STOP_WORDS

_SHARED: Final = 0.8
# Two texts that differ in one of these, or in a number, say different things.
_TELLING: Final = frozenset(
    ["left", "right", "no", "not", "never", "without", "before", "after", "less", "more"]
)


def says_the_same(one: str, other: str) -> bool:
    """Tell whether two texts differ in a few words only, none of them a number, a side or a negation."""
    first, second = _signature(one), _signature(other)
    if len(first & second) < _SHARED * len(first | second):
        return False
    return not any(word in _TELLING or any(map(str.isdigit, word)) for word in first ^ second)


def _signature(text: str) -> set[str]:
    found = words(text)
    return {
        stem(word) if word not in _TELLING else word for word in found if word not in STOP_WORDS - _TELLING
    }
