"""Phrases: a small language for what people say, found among the words of a message without a model.

A phrase is a row of words. `a|b` is either word, `a|b_c` this word or those two, `@group` any word of a
group; `word?` may be missing; `#` is a number, `#<900` one below, `#>4` one above. `..` lets up to 3 other
words stand between, `..8` up to 8; `this & that` has both in any order with up to 4 words between, `&8` up
to 8. No gap crosses the end of a sentence, which is the word `.`.

    felt|heard .. pop|snap        chest &6 pain|hurts        my period|periods .. stopped|gone
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import inf, nan
from typing import Final

from libs.coach_conversation.wording import COMMA, END, read

NUMBER: Final = "#"
_USUAL_GAP: Final = "3"
_USUAL_DISTANCE: Final = "4"


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

    def is_rare(self, common: Collection[str]) -> bool:
        return not self.is_number and self.words.isdisjoint(common)

    def is_among(self, said: Collection[str]) -> bool:
        return not self.words.isdisjoint(said) or (self.is_number and NUMBER in said)

    def takes(self, word: str) -> bool:
        return word in self.words or (word.isdecimal() and self.over < int(word) < self.under)


@dataclass(frozen=True, slots=True)
class Hit[Tag]:
    """Where a phrase was found: `words[start:end]`."""

    start: int
    end: int
    tag: Tag


@dataclass(frozen=True, slots=True)
class _Row[Tag]:
    """A phrase without choices, and the place of the word that it is looked up by."""

    slots: tuple[Slot, ...]
    anchor: int
    tag: Tag

    @property
    def heads(self) -> Iterator[str]:
        anchor = self.slots[self.anchor]
        yield from anchor.words
        if anchor.is_number:
            yield NUMBER

    def is_among(self, said: Collection[str]) -> bool:
        return all(slot.is_among(said) for slot in self.slots)

    def find(self, words: Sequence[str], at: int) -> Hit[Tag] | None:
        """Return where the row stands around the anchor at `at`, as short as it can be."""
        if not self.slots[self.anchor].takes(words[at]):
            return None
        starts = ends = {at}
        for place in range(self.anchor, 0, -1):
            slot, gap = self.slots[place - 1], self.slots[place].gap
            behind = (here for start in starts for here in _back(words, start, gap))
            starts = {here for here in behind if slot.takes(words[here])}
        for slot in self.slots[self.anchor + 1 :]:
            ends = {here for end in ends for here in _on(words, end, slot.gap) if slot.takes(words[here])}
        return Hit(max(starts), min(ends) + 1, self.tag) if starts and ends else None


class Phrases[Tag]:
    """Phrases, each with its tag, looked up by their first words that are not `common`."""

    def __init__(
        self,
        phrases: Iterable[tuple[str, Tag]],
        groups: Mapping[str, Collection[str]],
        common: Collection[str],
    ) -> None:
        self._rows: dict[str, list[_Row[Tag]]] = defaultdict(list)
        usual = frozenset((*common, END, COMMA))
        folded = {name: frozenset(map(_folded, words)) for name, words in groups.items()}
        for phrase, tag in phrases:
            for parts in _spelled_out(phrase.split()):
                slots = tuple(_slots(parts, folded))
                rare = (at for at, slot in enumerate(slots) if slot.is_rare(usual))
                row = _Row(slots, next(rare, 0), tag)
                for head in row.heads:
                    self._rows[head].append(row)

    @property
    def words(self) -> set[str]:
        """All words that stand in a phrase."""
        rows = (row for rows in self._rows.values() for row in rows)
        return {word for row in rows for slot in row.slots for word in slot.words}

    def find(self, words: Sequence[str]) -> Iterator[Hit[Tag]]:
        """Yield every place where a phrase stands."""
        likely = _among(_said(words), self._rows)
        for start, end in _sentences(words) if likely else ():
            rows = _among(_said(words[start:end]), likely)
            for at in range(start, end) if rows else ():
                for row in rows.get(NUMBER if words[at].isdecimal() else words[at], ()):
                    hit = row.find(words, at)
                    if hit is not None:
                        yield hit


def _said(words: Iterable[str]) -> set[str]:
    return {NUMBER if word.isdecimal() else word for word in words}


def _among[Tag](said: set[str], rows: Mapping[str, list[_Row[Tag]]]) -> dict[str, list[_Row[Tag]]]:
    """Return the rows of which every word was said at all, by their heads."""
    found = {head: [row for row in rows[head] if row.is_among(said)] for head in said & rows.keys()}
    return {head: rows for head, rows in found.items() if rows}


def _sentences(words: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield where sentences start and end, END included."""
    start = 0
    for at, word in enumerate(words):
        if word == END:
            yield start, at + 1
            start = at + 1
    if start < len(words):
        yield start, len(words)


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
    """Yield the phrase without `&`, `?` and `_`: in both orders, with and without the word, each way."""
    for at, part in enumerate(parts):
        ways = _ways(part, parts[:at], parts[at + 1 :])
        if ways:
            for way in ways:
                yield from _spelled_out(way)
            return
    yield parts


def _ways(part: str, left: Sequence[str], right: Sequence[str]) -> list[list[str]]:
    if part.startswith("&"):
        gap = f"..{part[1:] or _USUAL_DISTANCE}"
        return [[*left, gap, *right], [*right, gap, *left]]
    if part.endswith("?"):
        return [[*left, part[:-1], *right], [*left, *right]]
    if "_" not in part:
        return []
    choices = part.split("|")
    single = "|".join(choice for choice in choices if "_" not in choice)
    several = [choice.split("_") for choice in choices if "_" in choice]
    return [[*left, *words, *right] for words in ([[single]] if single else []) + several]


def _slots(parts: Iterable[str], groups: Mapping[str, frozenset[str]]) -> Iterator[Slot]:
    gap = 0
    for part in parts:
        if part.startswith(".."):
            gap = int(part[2:] or _USUAL_GAP)
        else:
            yield _slot(part.split("|"), gap, groups)
            gap = 0


def _slot(choices: Iterable[str], gap: int, groups: Mapping[str, frozenset[str]]) -> Slot:
    words: set[str] = set()
    over, under = nan, nan
    for choice in choices:
        match choice[0]:
            case "@":
                words |= groups[choice[1:]]
            case "#":
                over = float(choice[2:]) if choice[1:2] == ">" else -1.0
                under = float(choice[2:]) if choice[1:2] == "<" else inf
            case _:
                words.add(_folded(choice))
    return Slot(frozenset(words), gap, over, under)


@cache
def _folded(word: str) -> str:
    """Return one word of a phrase as `read` gives it."""
    return read(word, {})[0]
