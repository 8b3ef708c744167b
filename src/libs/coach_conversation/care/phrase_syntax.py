"""The language of phrases: what the data files of rules are written in.

A phrase is a row of words. `a|b` is either word, `a|b_c` this word or those two, `@group` any word of a
group; `word?` may be missing; `#` is a number, `#<900` one below, `#>4` one above. `..` lets up to 3 other
words stand between, `..8` up to 8; `this & that` has both in any order with up to 4 words between, `&8` up
to 8. No gap crosses the end of a sentence, which is the word `.`.

    felt|heard .. pop|snap        chest &6 pain|hurts        my period|periods .. stopped|gone
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import inf, nan
from typing import Final

from libs.coach_conversation.care.wording import drawn_in, read

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
        # float: int() refuses thousands of digits.
        return word in self.words or (
            self.is_number and word.isdecimal() and self.over < float(word) < self.under
        )


def spelled_out(parts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield the phrase without `&`, `?` and `_`: in both orders, with and without the word, each way."""
    for at, part in enumerate(parts):
        ways = _ways(part, parts[:at], parts[at + 1 :])
        if ways:
            for way in ways:
                yield from spelled_out(way)
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


class Slots:
    """Makes the slots of rows, each different one once: rows share most of theirs."""

    def __init__(self, groups: Mapping[str, frozenset[str]]) -> None:
        self._groups = groups
        self._made: dict[tuple[str, int], Slot] = {}

    def needed(self, parts: Iterable[str], common: Collection[str]) -> frozenset[str]:
        """Return words, no common ones, of which every row of the phrase needs one; none where that fails."""
        for part in parts:
            if not part.startswith(("&", "..")) and not part.endswith("?"):
                rare = [self._rare_words(choice, common) for choice in part.split("|")]
                if all(rare):
                    return frozenset().union(*rare)
        return frozenset()

    def words_of_part(self, part: str) -> frozenset[str]:
        """Return all words that a part of a phrase names."""
        if part.startswith(("&", "..")):
            return frozenset()
        return frozenset().union(*map(self._words, re.split("[|_]", part.removesuffix("?"))))

    def _rare_words(self, choice: str, common: Collection[str]) -> frozenset[str]:
        """Return the words of a choice's first word that is never a common one; none without such."""
        rare = (words for words in map(self._words, choice.split("_")) if words.isdisjoint(common))
        return next((words for words in rare if words), frozenset())

    def _words(self, choice: str) -> frozenset[str]:
        match choice[0]:
            case "@":
                return self._groups[choice[1:]]
            case "#":
                return frozenset()
            case _:
                return frozenset((folded(choice),))

    def of(self, parts: Iterable[str]) -> Iterator[Slot]:
        gap = 0
        for part in parts:
            if part.startswith(".."):
                gap = int(part[2:] or _USUAL_GAP)
                continue
            if (part, gap) not in self._made:
                self._made[part, gap] = self._slot(part.split("|"), gap)
            yield self._made[part, gap]
            gap = 0

    def _slot(self, choices: Sequence[str], gap: int) -> Slot:
        words = frozenset().union(*map(self._words, choices))
        number = next((choice for choice in choices if choice[0] == NUMBER), None)
        if number is None:
            return Slot(words, gap)
        over = float(number[2:]) if number[1:2] == ">" else -1.0
        under = float(number[2:]) if number[1:2] == "<" else inf
        return Slot(words, gap, over, under)


@cache
def folded(word: str) -> str:
    """Return one word of a phrase as `read` gives it."""
    plain = word.casefold()
    # What `read` makes of plain letters, a fifth of its time: there are thousands at each start.
    return drawn_in(plain) if plain.isascii() and plain.isalpha() else read(word, {})[0]
