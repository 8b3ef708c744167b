"""The words of a message as rules compare them: without case, accents, apostrophes and usual slips."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final, Protocol

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


class Usual(Protocol):
    """Where the usual spelling of a word is looked up; a mapping will do."""

    def get(self, word: str, /) -> str | None: ...


def read(text: str, spellings: Usual) -> list[str]:
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


class Spellings:
    """The usual spelling of words: of listed ones, and of slips in words that are often misspelt.

    A slip that is itself one of the `known` words stays; they are asked for with the first slip.
    """

    def __init__(
        self,
        listed: Mapping[str, str],
        often_misspelt: Iterable[str],
        known: Callable[[], Collection[str]],
    ) -> None:
        self._listed, self._known = listed, known
        self._often_misspelt: dict[str, list[str]] = defaultdict(list)
        for word in often_misspelt:
            self._often_misspelt[word[0]].append(word)

    def get(self, word: str, /) -> str | None:
        if word in self._listed:
            return self._listed[word]
        meant = next(
            (usual for usual in self._often_misspelt.get(word[0], ()) if _is_slip(word, usual)), word
        )
        return meant if meant != word and word not in self._known() else None


def _usual(word: str, spellings: Usual) -> str:
    """Return the word as rules have it; `80kg` and `5x5` are several, `sooo` is `so`."""
    if word[0].isdecimal():
        return " ".join(_FIGURE_OR_UNIT.findall(word))
    return spellings.get(word) or drawn_in(word)


def drawn_in(word: str) -> str:
    """Return `so` for `sooo`."""
    return _DRAWN_OUT.sub(r"\1", word)


def _is_slip(word: str, usual: str) -> bool:
    """Whether one slip of a finger makes `word` of `usual`: a letter more, less, another, or two swapped."""
    pairs = enumerate(zip(word, usual, strict=False))
    at = next((at for at, (one, other) in pairs if one != other), min(len(word), len(usual)))
    return word.isalpha() and (
        word[at + 1 :] in (usual[at:], usual[at + 1 :])
        or word[at:] == usual[at + 1 :]
        or (word[at : at + 2] == usual[at : at + 2][::-1] and word[at + 2 :] == usual[at + 2 :])
    )
