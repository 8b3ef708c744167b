"""Phrases: a small language for what people say, found in a message without a model.

A phrase is a row of words, compared without case, accents and apostrophes. `a|b` is either word, `@group`
any word of a group; `word?` may be missing; `#` is a number, `#<900` one below, `#>4` one above. `..` lets
up to 3 other words stand between, `..8` up to 8; `this & that` has both in any order with up to 4 words
between, `&8` up to 8. No gap crosses the end of a sentence.

    felt|heard .. pop|snap        chest &6 pain|hurts        my periods? .. stopped|gone
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf, nan
from typing import Final

END: Final = "."
COMMA: Final = ","
HIDDEN: Final = ""
NUMBER: Final = "#"
LAUGHTER: Final = "lol"
_PLAIN: Final = {
    **dict.fromkeys(map(ord, "'’ʼ`´‘"), ""),
    **dict.fromkeys(map(ord, "!?;:\n\r"), END),
    **dict.fromkeys(map(ord, "😀😁😂😃😄😅😆🤣🤪💀"), f" {LAUGHTER} "),
}
_ACCENTS: Final = re.compile("[\u0300-\u036f]+")
_WORD: Final = re.compile(r"\d+(?:[.,]\d+)?|[^\W\d_]+|[.,]")
_THOUSANDS: Final = re.compile(r"[.,](?=\d{3}\Z)")
_USUAL_GAPS: Final = {"..": 3, "&": 4}
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"

type Row = tuple[Slot, ...]
type Groups = Mapping[str, Sequence[str]]
type Spellings = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Slot:
    """One word of a row, after up to `gap` others; or a number between `over` and `under`."""

    words: frozenset[str]
    gap: int
    over: float = nan
    under: float = nan

    def takes(self, word: str) -> bool:
        return word in self.words or (self.is_number and self.over < _number(word) < self.under)

    @property
    def is_number(self) -> bool:
        return self.over < self.under


@dataclass(frozen=True, slots=True)
class Hit[Tag]:
    """Where a phrase was found: `words[start:end]`."""

    start: int
    end: int
    tag: Tag


class Phrases[Tag]:
    """Phrases, each with its tag, indexed by their first words."""

    def __init__(self, phrases: Iterable[tuple[str, Tag]], groups: Groups) -> None:
        self._rows: dict[str, list[tuple[Row, Tag]]] = defaultdict(list)
        for phrase, tag in phrases:
            for plain in _spelled_out(phrase.split()):
                row = tuple(_slots(plain, groups))
                for head in (*row[0].words, *([NUMBER] if row[0].is_number else [])):
                    self._rows[head].append((row, tag))

    @property
    def words(self) -> set[str]:
        """All words that stand in a phrase."""
        return {
            word for rows in self._rows.values() for row, _ in rows for slot in row for word in slot.words
        }

    def find(self, words: Sequence[str]) -> Iterator[Hit[Tag]]:
        """Yield every place where a phrase stands, in the order of their beginnings."""
        said = {NUMBER if word[:1].isdecimal() else word for word in words}
        likely = {head: self._among(head, said) for head in said & self._rows.keys()}
        for start, word in enumerate(words):
            for row, tag in likely.get(NUMBER if word[:1].isdecimal() else word, ()):
                end = _end(row, words, start)
                if end:
                    yield Hit(start, end, tag)

    def _among(self, head: str, said: set[str]) -> list[tuple[Row, Tag]]:
        """Return the rows with this beginning of which every word was said at all."""
        return [
            (row, tag)
            for row, tag in self._rows[head]
            if all(not slot.words.isdisjoint(said) or (slot.is_number and NUMBER in said) for slot in row[1:])
        ]


def read(text: str, spellings: Spellings) -> list[str]:
    """Return the words of a message in their usual spelling; sentences end with END."""
    plain = text.casefold().translate(_PLAIN)
    if not plain.isascii():
        plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", plain))
    return [part for word in _WORD.findall(plain) for part in spellings.get(word, (word,))]


def misspellings(word: str) -> Iterator[str]:
    """Yield what a slip of one key makes of the word; the first letter stays."""
    for at in range(1, len(word) + 1):
        before, after = word[:at], word[at:]
        yield from (before + letter + after for letter in _LETTERS)
        if after:
            yield before + after[1:]
            yield from (before + letter + after[1:] for letter in _LETTERS)
        if len(after) > 1:
            yield before + after[1] + after[0] + after[2:]


def _end(row: Row, words: Sequence[str], start: int) -> int:
    """Return where the row that begins at `start` ends; 0 when it does not stand there."""
    if row[0].is_number and not row[0].takes(words[start]):
        return 0
    ends = {start + 1}
    for slot in row[1:]:
        ends = {at + 1 for end in ends for at in _reach(words, end, slot.gap) if slot.takes(words[at])}
        if not ends:
            return 0
    return min(ends)


def _reach(words: Sequence[str], start: int, gap: int) -> Iterator[int]:
    for at in range(start, min(start + gap + 1, len(words))):
        yield at
        if words[at] == END:
            return


def _number(word: str) -> float:
    digits = _THOUSANDS.sub("", word).replace(",", ".")
    return float(digits) if digits[:1].isdecimal() else nan


def _spelled_out(parts: Sequence[str]) -> Iterator[list[str]]:
    """Yield the phrase without its `&` and `?`: in both orders, with and without the words."""
    for at, part in enumerate(parts):
        if part[0] == "&":
            left, right, gap = parts[:at], parts[at + 1 :], f"..{part[1:] or _USUAL_GAPS['&']}"
            yield from _spelled_out([*left, gap, *right])
            yield from _spelled_out([*right, gap, *left])
            return
        if part[-1] == "?":
            yield from _spelled_out([*parts[:at], part[:-1], *parts[at + 1 :]])
            yield from _spelled_out([*parts[:at], *parts[at + 1 :]])
            return
    yield list(parts)


def _slots(parts: Iterable[str], groups: Groups) -> Iterator[Slot]:
    gap = 0
    for part in parts:
        if part.startswith(".."):
            gap = int(part[2:] or 3)
        else:
            yield _slot(part.split("|"), gap, groups)
            gap = 0


def _slot(choices: Iterable[str], gap: int, groups: Groups) -> Slot:
    words: set[str] = set()
    over, under = nan, nan
    for choice in choices:
        match choice[0]:
            case "@":
                words.update(_folded(word) for word in groups[choice[1:]])
            case "#":
                limit = float(choice[2:] or 0)
                over = limit if choice[1:2] == ">" else -1.0
                under = limit if choice[1:2] == "<" else inf
            case _:
                words.add(_folded(choice))
    return Slot(frozenset(words), gap, over, under)


def _folded(word: str) -> str:
    (folded,) = read(word, {})
    return folded
