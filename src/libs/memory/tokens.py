"""Texts as terms: words, stop words, a light stemmer for English, sentences.

Other languages pass through: their words are compared as they stand, and an ending that looks English is
taken off alike in the question and in the memory.
"""

import re
from functools import lru_cache
from typing import Final

from libs.memory.vocabulary import IRREGULAR, STOP_WORDS

_WORD: Final = re.compile(r"[^\W_]+(?:[.,:]\d+)*(?:['’][^\W_]+)?")
_SENTENCE_END: Final = re.compile(r"(?<=[.!?…])[\"'”’)]*\s+|\n+")
_VOWEL: Final = re.compile(r"[aeiouy]")
_DOUBLED: Final = re.compile(r"([bdfgmnprt])\1$")


def words(text: str) -> list[str]:
    """Return the words of a text in lower case, numbers with their decimals, without possessive endings."""
    return [word.removesuffix("'s").removesuffix("’s") for word in _WORD.findall(text.casefold())]


def terms(text: str) -> list[str]:
    """Return the stems of the words that carry meaning, in their order and as often as they stand there."""
    return [stem(word) for word in words(text) if word not in STOP_WORDS]


def content_words(text: str) -> str:
    """Return a text without its stop words; empty when it has no others."""
    return " ".join(word for word in words(text) if word not in STOP_WORDS)


def sentences(text: str) -> list[str]:
    """Return the sentences of a text; a text without any end of sentence is one."""
    return [part for part in (part.strip() for part in _SENTENCE_END.split(text)) if part]


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """Return what `word` shares with its other forms: `squatting`, `squats` and `squatted` become `squat`.

    Source  Porter, 1980: steps 1a to 1c, and 5a; irregular forms from a list
    """
    if word in IRREGULAR:
        return stem(IRREGULAR[word])
    if len(word) < 4 or not word.isascii() or not word.isalpha():
        return word
    word = _without_plural(word)
    word = _without_past(word)
    if word.endswith("ly") and len(word) > 5:
        word = word[:-2]
    if word.endswith("e") and len(word) > 3 and not word.endswith("ee"):
        word = word[:-1]
    if word.endswith("y") and len(word) > 3 and word[-2] not in "aeiou":
        word = word[:-1] + "i"
    return word


def _without_plural(word: str) -> str:
    if word.endswith("sses"):
        return word[:-2]
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _without_past(word: str) -> str:
    for ending in ("ing", "ed"):
        rest = word.removesuffix(ending)
        if rest != word and len(rest) > 2 and _VOWEL.search(rest) and not rest.endswith("e"):
            return _DOUBLED.sub(r"\1", rest)
    return word
