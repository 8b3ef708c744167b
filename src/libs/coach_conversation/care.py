"""A coach's care: messages that want another answer than training advice, told by rules, never by a model.

`assess` reads a message before and beside the router. Where it finds something, the turn says where to get
help (`Care.line`), and leaves out whatever pushes or jokes: the greeting, the asides, the workout log.

The lists are `care.json`, in the language of `phrases`: `idioms` are taken out of a message first ("suicide
sprints", "this killed my legs"); then an alarm counts unless it is denied ("no chest pain") or one of its
kind's `calm` phrases stands in the same sentence ("ten years ago") without one that makes it alarming
`still`. When several kinds are meant, the first in the file is answered.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict

from libs.coach_conversation import phrases
from libs.coach_conversation.phrases import COMMA, END, Phrases

FILE: Final = Path(__file__).with_name("care.json")
DENIED_WITHIN: Final = 5
HIDDEN: Final = ""

type Kind = Literal["self_harm", "chest_pain", "acute_injury", "eating_disorder"]
type Language = Literal["en", "de", "es", "fr"]
type Words = Annotated[frozenset[str], BeforeValidator(str.split)]


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
    common: Words
    groups: dict[str, Words]
    spellings: dict[str, str]
    often_misspelt: Words
    not_misspelt: Words
    negations: Words
    no_negation_before: Words
    clause_ends: Words
    idioms: tuple[str, ...]
    kinds: dict[Kind, _KindRules]


class _Reader:
    """The rules, ready to read messages with."""

    def __init__(self, rules: _Rules) -> None:
        self._rules = rules
        self._urgency = list(rules.kinds)
        kinds = rules.kinds.items()
        alarms = [(kind, language, one.alarms[language]) for kind, one in kinds for language in one.alarms]
        self._idioms = self._phrases((phrase, None) for phrase in rules.idioms)
        self._alarms = self._phrases((phrase, (kind, lang)) for kind, lang, some in alarms for phrase in some)
        self._calm = self._phrases((phrase, kind) for kind, one in kinds for phrase in one.calm)
        self._still = self._phrases((phrase, kind) for kind, one in kinds for phrase in one.still)
        self._spellings = self._slips() | rules.spellings

    def assess(self, text: str) -> Care | None:
        words = phrases.read(text, self._spellings)
        starts = {_sentence_start(words, hit.start) for hit in self._alarms.find(words)}
        meant = [tag for start in starts for tag in self._meant(words[start : words.index(END, start) + 1])]
        if not meant:
            return None
        kind, language = min(meant, key=lambda tag: self._urgency.index(tag[0]))
        return Care(kind, self._rules.kinds[kind].about, self._rules.kinds[kind].lines[language])

    def _meant(self, sentence: Sequence[str]) -> list[tuple[Kind, Language]]:
        """Return what a sentence tells in earnest."""
        words = self._without_idioms(sentence)
        calm = {hit.tag for hit in self._calm.find(words)} - {hit.tag for hit in self._still.find(words)}
        return [
            hit.tag
            for hit in self._alarms.find(words)
            if hit.tag[0] not in calm and not self._denied(words, hit.start)
        ]

    def _without_idioms(self, words: Sequence[str]) -> list[str]:
        hidden = {at for hit in self._idioms.find(words) for at in range(hit.start, hit.end)}
        return [HIDDEN if at in hidden else word for at, word in enumerate(words)]

    def _denied(self, words: Sequence[str], start: int) -> bool:
        """Whether the same clause says no to what begins at `start`."""
        rules = self._rules
        for at in range(start - 1, max(start - 1 - DENIED_WITHIN, -1), -1):
            if words[at] == COMMA or words[at] in rules.clause_ends:
                return False
            if words[at] in rules.negations and words[at + 1] not in rules.no_negation_before:
                return True
        return False

    def _phrases[Tag](self, tagged: Iterable[tuple[str, Tag]]) -> Phrases[Tag]:
        return Phrases(tagged, self._rules.groups, self._rules.common)

    def _slips(self) -> dict[str, str]:
        """Return the misspellings of the words that matter, as far as they are no words themselves."""
        known = self._alarms.words | self._idioms.words | self._rules.not_misspelt
        words = self._rules.often_misspelt
        return {slip: word for word in words for slip in phrases.misspellings(word) if slip not in known}


def assess(text: str) -> Care | None:
    """Return the care that a message asks for, None for ordinary talk.

    Total: any text, in any language, of any length; one pass, well under a millisecond for a message
    """
    return _reader().assess(text)


@cache
def _reader() -> _Reader:
    return _Reader(_Rules.model_validate_json(FILE.read_bytes()))


def _sentence_start(words: Sequence[str], at: int) -> int:
    while at > 0 and words[at - 1] != END:
        at -= 1
    return at
