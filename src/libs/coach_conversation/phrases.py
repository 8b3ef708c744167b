"""Phrases: a small language for what people say, found in a message without a model.

A phrase is a row of words, compared without case, accents and apostrophes. `a|b` is either word, `@group`
any word of a group; `word?` may be missing; `#` is a number, `#<900` one below, `#>4` one above. `..` lets
up to 3 other words stand between, `..8` up to 8; `this & that` has both in any order with up to 4 words
between, `&8` up to 8. No gap crosses the end of a sentence, which is the word `.`.

    felt|heard .. pop|snap        chest &6 pain|hurts        my periods? .. stopped|gone
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf, nan
from typing import Final

END: Final = "."
COMMA: Final = ","
NUMBER: Final = "#"
LAUGHTER: Final = "lol"
_USUAL_GAP: Final = "3"
_USUAL_DISTANCE: Final = "4"
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
_ENDS: Final = "!;:\n\r."
_APOSTROPHES: Final = re.compile("[’ʼ´‘]")
_LAUGHING: Final = re.compile("[😀-😆🤣🤪💀]")
_ACCENTS: Final = re.compile("[\u0300-\u036f]+")
_BEHIND_THE_POINT: Final = re.compile(r"[.,](?<=\d.)(?:(?=\d{3}(?!\d))|\d+)")
_DRAWN_OUT: Final = re.compile(r"([a-z])\1{2,}")
_FIGURE_OR_UNIT: Final = re.compile(r"\d+|\D+")
_KEPT: Final = bytes(
    ord(END) if chr(byte) in _ENDS else byte if chr(byte).isalnum() or chr(byte) == COMMA else ord(" ")
    for byte in range(128)
) + bytes(128)


@dataclass(frozen=True, slots=True)
class Slot:
    """One word of a row, after up to `gap` others; or a number between `over` and `under`."""

    words: frozenset[str]
    gap: int
    over: float = nan
    under: float = nan

    @property
    def is_number(self) -> bool:
        return self.over < self.under

    def takes(self, word: str) -> bool:
        return word in self.words or (word.isdecimal() and self.over < int(word) < self.under)

    def is_rare(self, common: Collection[str]) -> bool:
        return not self.is_number and self.words.isdisjoint((*common, END, COMMA))

    def is_among(self, said: Collection[str]) -> bool:
        return not self.words.isdisjoint(said) or (self.is_number and NUMBER in said)


@dataclass(frozen=True, slots=True)
class _Row[Tag]:
    """A phrase without choices, and which of its words it is looked up by."""

    slots: tuple[Slot, ...]
    anchor: int
    tag: Tag

    @property
    def heads(self) -> Iterator[str]:
        anchor = self.slots[self.anchor]
        yield from anchor.words
        if anchor.is_number:
            yield NUMBER

    def find(self, words: Sequence[str], at: int) -> "Hit[Tag] | None":
        """Return the row's place around the anchor at `at`, as short as it can be."""
        if not self.slots[self.anchor].takes(words[at]):
            return None
        starts = ends = {at}
        for place in range(self.anchor, 0, -1):
            before, gap = self.slots[place - 1], self.slots[place].gap
            starts = {
                here for start in starts for here in _back(words, start, gap) if before.takes(words[here])
            }
        for slot in self.slots[self.anchor + 1 :]:
            ends = {here for end in ends for here in _on(words, end, slot.gap) if slot.takes(words[here])}
        return Hit(max(starts), min(ends) + 1, self.tag) if starts and ends else None


@dataclass(frozen=True, slots=True)
class Hit[Tag]:
    """Where a phrase was found: `words[start:end]`."""

    start: int
    end: int
    tag: Tag


class Phrases[Tag]:
    """Phrases, each with its tag, looked up by their first words that are not `common`."""

    def __init__(
        self,
        phrases: Iterable[tuple[str, Tag]],
        groups: Mapping[str, Collection[str]],
        common: Collection[str],
    ) -> None:
        self._rows: dict[str, list[_Row[Tag]]] = defaultdict(list)
        for phrase, tag in phrases:
            for parts in _spelled_out(phrase.split()):
                slots = tuple(_slots(parts, groups))
                rare = (at for at, slot in enumerate(slots) if slot.is_rare(common))
                row = _Row(slots, next(rare, 0), tag)
                for head in row.heads:
                    self._rows[head].append(row)

    @property
    def words(self) -> set[str]:
        """All words that stand in a phrase."""
        return {
            word for rows in self._rows.values() for row in rows for slot in row.slots for word in slot.words
        }

    def find(self, words: Sequence[str]) -> Iterator[Hit[Tag]]:
        """Yield every place where a phrase stands."""
        said = set(words)
        figures = {word for word in said if word.isdecimal()}
        if figures:
            said.add(NUMBER)
        likely = {head: self._among(head, said) for head in said & self._rows.keys()}
        likely |= dict.fromkeys(figures, likely.get(NUMBER, []))
        likely = {head: rows for head, rows in likely.items() if rows}
        for at, word in enumerate(words if likely else ()):
            if word in likely:
                yield from (hit for row in likely[word] if (hit := row.find(words, at)) is not None)

    def _among(self, head: str, said: set[str]) -> list[_Row[Tag]]:
        """Return the rows with this head of which every word was said at all."""
        return [row for row in self._rows[head] if all(slot.is_among(said) for slot in row.slots)]


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


def _usual(word: str, spellings: Mapping[str, str]) -> str:
    """Return the word as phrases have it; `80kg` and `5x5` are several, `sooo` is `so`."""
    if word[0].isdecimal():
        return " ".join(_FIGURE_OR_UNIT.findall(word))
    return spellings.get(word) or _DRAWN_OUT.sub(r"\1", word)


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


def _on(words: Sequence[str], start: int, gap: int) -> Iterator[int]:
    """Yield the places behind `start` that a gap leads to."""
    for at in range(start + 1, min(start + gap + 2, len(words))):
        yield at
        if words[at] == END:
            return


def _back(words: Sequence[str], start: int, gap: int) -> Iterator[int]:
    for at in range(start - 1, max(start - gap - 2, -1), -1):
        yield at
        if words[at] == END:
            return


def _spelled_out(parts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield the phrase without its `&` and `?`: in both orders, with and without the word."""
    for at, part in enumerate(parts):
        left, right = parts[:at], parts[at + 1 :]
        if part[0] == "&":
            gap = f"..{part[1:] or _USUAL_DISTANCE}"
            yield from _spelled_out([*left, gap, *right])
            yield from _spelled_out([*right, gap, *left])
            return
        if part[-1] == "?":
            yield from _spelled_out([*left, part[:-1], *right])
            yield from _spelled_out([*left, *right])
            return
    yield parts


def _slots(parts: Iterable[str], groups: Mapping[str, Collection[str]]) -> Iterator[Slot]:
    gap = 0
    for part in parts:
        if part.startswith(".."):
            gap = int(part[2:] or _USUAL_GAP)
        else:
            yield _slot(part.split("|"), gap, groups)
            gap = 0


def _slot(choices: Iterable[str], gap: int, groups: Mapping[str, Collection[str]]) -> Slot:
    words: set[str] = set()
    over, under = nan, nan
    for choice in choices:
        match choice[0]:
            case "@":
                words.update(map(_folded, groups[choice[1:]]))
            case "#":
                over = float(choice[2:]) if choice[1:2] == ">" else -1.0
                under = float(choice[2:]) if choice[1:2] == "<" else inf
            case _:
                words.add(_folded(choice))
    return Slot(frozenset(words), gap, over, under)


def _folded(word: str) -> str:
    """Return one word of a phrase as `read` would."""
    return read(word, {})[0]
