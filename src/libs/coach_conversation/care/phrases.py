"""Phrases of the small language of `phrase_syntax`, found among the words of a message without a model."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

from libs.coach_conversation.care.phrase_syntax import NUMBER, Slot, Slots, folded, spelled_out
from libs.coach_conversation.care.wording import COMMA, END


@dataclass(frozen=True, slots=True)
class Hit[Tag]:
    """Where a phrase was found: `words[start:end]`."""

    start: int
    end: int
    tag: Tag


@dataclass(frozen=True, slots=True)
class _Row[Tag]:
    """A phrase without choices, and the place of its word that it is looked up by; `number`: the phrase's."""

    slots: tuple[Slot, ...]
    anchor: int
    tag: Tag
    number: int

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
            starts = {
                here for start in starts for here in _back(words, start, gap) if slot.takes(words[here])
            }
        for slot in self.slots[self.anchor + 1 :]:
            ends = {here for end in ends for here in _on(words, end, slot.gap) if slot.takes(words[here])}
        return Hit(max(starts), min(ends) + 1, self.tag) if starts and ends else None


class Phrases[Tag]:
    """Phrases, each with its tag; one is spelled out into rows once a word was said that it cannot lack."""

    def __init__(
        self,
        phrases: Iterable[tuple[str, Tag]],
        groups: Mapping[str, Collection[str]],
        common: Collection[str],
    ) -> None:
        self._phrases = [(phrase.split(), tag) for phrase, tag in phrases]
        self._usual = frozenset((*common, END, COMMA))
        self._slots = Slots({name: frozenset(map(folded, words)) for name, words in groups.items()})
        self._waiting: dict[str, list[int]] = defaultdict(list)
        self._rows: dict[str, list[_Row[Tag]]] = {}
        self._spelled: set[int] = set()
        self._spelling = Lock()
        for number, (parts, _) in enumerate(self._phrases):
            for word in self._slots.needed(parts, self._usual) or (*self._words(parts), NUMBER):
                self._waiting[word].append(number)

    @property
    def words(self) -> set[str]:
        """All words that stand in a phrase."""
        return {word for parts, _ in self._phrases for word in self._words(parts)}

    def _words(self, parts: Iterable[str]) -> set[str]:
        return {word for part in parts for word in self._slots.words_of_part(part)}

    def find(self, words: Sequence[str]) -> Iterator[Hit[Tag]]:
        """Yield every place where a phrase stands."""
        said = _said(words)
        self._spell_out(said)
        likely = _among(said, self._rows)
        for start, end in _sentences(words) if likely else ():
            rows = _among(_said(words[start:end]), likely)
            for at in range(start, end) if rows else ():
                for row in (row for head in _heads(words[at]) for row in rows.get(head, ())):
                    hit = row.find(words, at)
                    if hit is not None:
                        yield hit

    def _spell_out(self, said: Iterable[str]) -> None:
        """Make the rows of phrases that nobody met so far; those of a head stay in the phrases' order."""
        if not any(word in self._waiting for word in said):
            return
        with self._spelling:
            met = {number for word in said for number in self._waiting.pop(word, ())} - self._spelled
            self._spelled |= met
            made: dict[str, list[_Row[Tag]]] = defaultdict(list)
            for number in met:
                for row in self._rows_of(number):
                    for head in row.heads:
                        made[head].append(row)
            for head, rows in made.items():
                self._rows[head] = sorted((*self._rows.get(head, ()), *rows), key=_number)

    def _rows_of(self, number: int) -> Iterator[_Row[Tag]]:
        parts, tag = self._phrases[number]
        for way in spelled_out(parts):
            slots = tuple(self._slots.of(way))
            rare = (at for at, slot in enumerate(slots) if slot.is_rare(self._usual))
            yield _Row(slots, next(rare, 0), tag, number)


def _said(words: Iterable[str]) -> set[str]:
    return {head for word in words for head in _heads(word)}


def _number(row: _Row[Any]) -> int:
    return row.number


def _heads(word: str) -> tuple[str, ...]:
    """Return what a word is looked up by: `10` by itself, and as any number."""
    return (word, NUMBER) if word.isdecimal() else (word,)


def _among[Tag](said: set[str], rows: Mapping[str, list[_Row[Tag]]]) -> dict[str, list[_Row[Tag]]]:
    """Return the rows of which every word was said at all, by their heads."""
    found = {head: [row for row in rows[head] if row.is_among(said)] for head in said if head in rows}
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
    """Yield the places after `start` that a gap leads to."""
    for at in range(start + 1, min(start + gap + 2, len(words))):
        yield at
        if words[at] == END:
            return


def _back(words: Sequence[str], start: int, gap: int) -> Iterator[int]:
    for at in range(start - 1, max(start - gap - 2, -1), -1):
        yield at
        if words[at] == END:
            return
