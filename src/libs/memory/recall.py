"""Recall by words: which of a person's memories share words with what they say."""

import re
from collections.abc import Sequence
from typing import Final

from libs.memory.types import Memory, Recalled

PINNED_TYPES: Final = ("constraint", "instruction")
_WORD: Final = re.compile(r"[^\W_]{2,}")
_ENDINGS: Final = re.compile(r"(?:(.)\1ing|(.)\2ed|ings?|ed|es|s)$")
_STEM: Final = 3
_STOP_WORDS: Final = """
    about after again all also am an and any are as ask at be because been but by can could did do
    does for from get give good had has have he her him his how if in into is it its just know last
    like ll make me more my need no not now of on one or our out re really remember said say she
    should so some tell than that the their them then there these they thing think this time to told
    too up us use ve very want was we well were what when where which who why will with would you
    your
"""
_EMPTY: Final = frozenset(_STOP_WORDS.split())


def pinned(memories: Sequence[Memory], *, limit: int) -> tuple[Recalled, ...]:
    """Return what matters to every answer: what the person must or must not do, where it is important."""
    always = [one for one in memories if one.importance == "high" and one.type in PINNED_TYPES]
    return tuple(Recalled(memory, 1.0, "pinned") for memory in always[:limit])


def by_words(text: str, memories: Sequence[Memory], *, limit: int) -> tuple[Recalled, ...]:
    """Return the memories that share words with the text, best first; newer ones win.

    Shape   `memories` newest first; at most `limit`
    Units   `score`: the share of the text's words that the memory has
    """
    asked = terms(text)
    scored = [
        Recalled(
            memory, len(asked & terms(f"{memory.content} {' '.join(memory.tags)}")) / len(asked), "words"
        )
        for memory in memories
        if asked
    ]
    best = sorted(scored, key=lambda one: one.score, reverse=True)
    return tuple(one for one in best[:limit] if one.score > 0)


def terms(text: str) -> frozenset[str]:
    """Return the words of a text that carry meaning, without their endings."""
    words = (word.casefold() for word in _WORD.findall(text))
    return frozenset(_stem(word) for word in words if word not in _EMPTY)


def _stem(word: str) -> str:
    stem = _ENDINGS.sub(r"\1\2", word)
    return stem if len(stem) >= _STEM else word
