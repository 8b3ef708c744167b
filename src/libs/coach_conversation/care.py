"""A coach's care: messages that want another answer than training advice, told by rules, never by a model.

`assess` reads a message before and beside the router. Where it finds something, the turn says where to get
help (`Care.line`), and leaves out whatever pushes or jokes: the greeting, the asides, the workout log.

The lists are `care.json`, in the language of `phrases`: `idioms` are taken out of a message first ("suicide
sprints", "this killed my legs"); then an alarm counts unless it is denied ("no chest pain") or one of its
kind's `calm` phrases stands in the same sentence ("ten years ago") without one that makes it alarming
`still`. When several kinds are meant, the first in the file is answered.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from libs.coach_conversation import phrases
from libs.coach_conversation.phrases import COMMA, END, HIDDEN, Hit, Phrases

FILE: Final = Path(__file__).with_name("care.json")
DENIED_WITHIN: Final = 5

type Kind = Literal["self_harm", "chest_pain", "acute_injury", "eating_disorder"]
type Language = Literal["en", "de", "es", "fr"]


@dataclass(frozen=True, slots=True)
class Care:
    """What a message is about, and the line that the person is shown: calm, with a way to help."""

    kind: Kind
    about: str
    line: str


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _KindRules(_File):
    about: str
    lines: dict[Language, str]
    alarms: dict[Language, tuple[str, ...]]
    calm: tuple[str, ...]
    still: tuple[str, ...]


class _Rules(_File):
    groups: dict[str, tuple[str, ...]]
    spellings: dict[str, str]
    often_misspelt: tuple[str, ...]
    not_misspelt: tuple[str, ...]
    negations: frozenset[str]
    no_negation_before: frozenset[str]
    clause_ends: frozenset[str]
    idioms: tuple[str, ...]
    kinds: dict[Kind, _KindRules]


class _Reader:
    """The rules, ready to read messages with."""

    def __init__(self, rules: _Rules) -> None:
        kinds, groups = rules.kinds.items(), rules.groups
        self._rules = rules
        self._urgency = {kind: place for place, kind in enumerate(rules.kinds)}
        self._idioms = Phrases(((phrase, None) for phrase in rules.idioms), groups)
        self._alarms = Phrases(
            (
                (phrase, (kind, language))
                for kind, one in kinds
                for language, alarms in one.alarms.items()
                for phrase in alarms
            ),
            groups,
        )
        self._calm = Phrases(((phrase, kind) for kind, one in kinds for phrase in one.calm), groups)
        self._still = Phrases(((phrase, kind) for kind, one in kinds for phrase in one.still), groups)
        self._spellings = self._slips() | {word: tuple(usual.split()) for word, usual in rules.spellings.items()}

    def assess(self, text: str) -> Care | None:
        words = self._without_idioms(phrases.read(text, self._spellings))
        alarms = [hit for hit in self._alarms.find(words) if not self._denied(words, hit.start)]
        if not alarms:
            return None
        sentences = _sentences(words)
        still = {(sentences[hit.start], hit.tag) for hit in self._still.find(words)}
        calm = {(sentences[hit.start], hit.tag) for hit in self._calm.find(words)} - still
        meant = [hit.tag for hit in alarms if (sentences[hit.start], hit.tag[0]) not in calm]
        if not meant:
            return None
        kind, language = min(meant, key=lambda tag: self._urgency[tag[0]])
        return Care(kind, self._rules.kinds[kind].about, self._rules.kinds[kind].lines[language])

    def _without_idioms(self, words: list[str]) -> list[str]:
        hidden = {at for hit in self._idioms.find(words) for at in range(hit.start, hit.end)}
        return [HIDDEN if at in hidden else word for at, word in enumerate(words)] if hidden else words

    def _denied(self, words: Sequence[str], start: int) -> bool:
        """Whether the same clause says no to what begins at `start`."""
        rules = self._rules
        for at in range(start - 1, max(start - 1 - DENIED_WITHIN, -1), -1):
            if words[at] in (END, COMMA) or words[at] in rules.clause_ends:
                return False
            if words[at] in rules.negations and words[at + 1] not in rules.no_negation_before:
                return True
        return False

    def _slips(self) -> dict[str, tuple[str, ...]]:
        """Return the misspellings of the words that matter, as far as they are no words themselves."""
        known = self._alarms.words | self._idioms.words | set(self._rules.not_misspelt)
        words = self._rules.often_misspelt
        return {slip: (word,) for word in words for slip in phrases.misspellings(word) if slip not in known}


def assess(text: str) -> Care | None:
    """Return the care that a message asks for, None for ordinary talk.

    Total: any text, in any language, of any length; one pass, well under a millisecond for a message
    """
    return _reader().assess(text)


@cache
def _reader() -> _Reader:
    return _Reader(_Rules.model_validate_json(FILE.read_bytes()))


def _sentences(words: Sequence[str]) -> list[int]:
    """Return the number of the sentence that each word stands in."""
    numbers, number = [], 0
    for word in words:
        numbers.append(number)
        number += word == END
    return numbers
