"""The words of a message as rules compare them: without case, accents, apostrophes and usual slips."""

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from typing import Final

END: Final = "."
COMMA: Final = ","
LAUGHTER: Final = "lol"
_ENDS: Final = "!;:\n\r."
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
_APOSTROPHES: Final = re.compile("[’ʼ´‘]")
_LAUGHING: Final = re.compile("[😀-😆🤣🤪💀]")
_ACCENTS: Final = re.compile("[\u0300-\u036f]+")
_BEHIND_THE_POINT: Final = re.compile(r"[.,](?<=\d.)(?:(?=\d{3}(?!\d))|\d+)")
_FIGURE_OR_UNIT: Final = re.compile(r"\d+|\D+")
_DRAWN_OUT: Final = re.compile(r"([a-z])\1{2,}")
_KEPT: Final = bytes(
    ord(END) if chr(byte) in _ENDS else byte if chr(byte).isalnum() or chr(byte) == COMMA else ord(" ")
    for byte in range(128)
) + bytes(128)


def read(text: str, spellings: Mapping[str, str]) -> list[str]:
    """Return the words of a message in their usual spelling; a sentence ends with END, so the last one too.

    Shape   Latin letters without accents, whole numbers, commas; laughing faces as LAUGHTER
    """
    plain = text.casefold()
    if not plain.isascii():
        plain = _LAUGHING.sub(f" {LAUGHTER} ", _APOSTROPHES.sub("'", plain)).replace("œ", "oe")
        plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", plain))
    plain = _BEHIND_THE_POINT.sub("", plain.replace("?", END))
    kept = plain.encode("ascii", "replace").translate(_KEPT, b"'`").decode()
    words = kept.replace(END, f" {END} ").replace(COMMA, f" {COMMA} ").split()
    usual = {word: _usual(word, spellings) for word in set(words)}
    return [*" ".join([usual[word] for word in words]).split(), END]


def slips(words: Collection[str], known: Collection[str]) -> dict[str, str]:
    """Return the misspellings of words with what is meant, but for those that are `known` words."""
    return {slip: word for word in words for slip in _slips(word) if slip not in known}


def _usual(word: str, spellings: Mapping[str, str]) -> str:
    """Return the word as rules have it; `80kg` and `5x5` are several, `sooo` is `so`."""
    if word[0].isdecimal():
        return " ".join(_FIGURE_OR_UNIT.findall(word))
    return spellings.get(word) or drawn_in(word)


def drawn_in(word: str) -> str:
    """Return `so` for `sooo`."""
    return _DRAWN_OUT.sub(r"\1", word)


def _slips(word: str) -> Iterator[str]:
    """Yield what one slip of a finger makes of the word; the first letter stays."""
    for at in range(1, len(word) + 1):
        before, after = word[:at], word[at:]
        yield from (before + letter + after for letter in _LETTERS)
        if after:
            yield before + after[1:]
            yield from (before + letter + after[1:] for letter in _LETTERS)
        if len(after) > 1:
            yield before + after[1] + after[0] + after[2:]
