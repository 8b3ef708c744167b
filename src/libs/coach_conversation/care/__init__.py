"""A coach's care: messages that want another answer than training advice, told by rules first.

`assess` reads a message before and beside the router. Where it finds something, the turn says where to get
help (`Care.line`) and leaves out whatever pushes or jokes: the greeting, the asides, the workout log. What
the rules miss the router may still name; then `flagged` finds the line. And care stays: `lingering` tells of
the messages just before.

The lists are `care.json`, in the language of `phrase_syntax`. First the `idioms` are taken out of a sentence
("suicide sprints", "this killed my legs"), unless the person is in `earnest` ("not even joking"). Then an
alarm counts unless it is denied ("no chest pain"; one that begins with `!` cannot be), is `ordinary` talk
("stopped eating sugar"), or a `calm` phrase of its kind stands in the same sentence ("ten years ago") and
none that makes it alarming `still`. Of several kinds, the first in the file is answered. Where nobody says
it outright, hints may add up: `signs`.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Final, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict

from libs.coach_conversation.care import wording
from libs.coach_conversation.care.phrases import Hit, Phrases
from libs.coach_conversation.care.signs import Sign, heaviest
from libs.coach_conversation.care.wording import COMMA, END

FILE: Final = Path(__file__).with_name("care.json")
SIGNS: Final = Path(__file__).with_name("signs.json")
DENIED_WITHIN: Final = 5
HIDDEN: Final = ""

type Kind = Literal["self_harm", "chest_pain", "acute_injury", "eating_disorder"]
# Of the messages before this one so many are read for what still weighs.
RECENT: Final = 2

type Language = Literal["en", "de", "es", "fr"]
type Words = Annotated[frozenset[str], BeforeValidator(str.split)]


KINDS: Final[Collection[str]] = get_args(Kind.__value__)


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


class Rules(_File):
    """The data file."""

    common: Words
    groups: dict[str, Words]
    spellings: dict[str, str]
    often_misspelt: Words
    not_misspelt: Words
    negations: Words
    no_negation_before: Words
    clause_ends: Words
    usual_words: dict[Language, Words]
    idioms: tuple[str, ...]
    ordinary: tuple[str, ...]
    earnest: tuple[str, ...]
    kinds: dict[Kind, _KindRules]


class WeightedPhrases(_File):
    weight: int
    phrases: tuple[str, ...]


class KindSigns(_File):
    enough: int
    signs: dict[str, WeightedPhrases]


class Signs(_File):
    """The data file of what weighs something only together."""

    groups: dict[str, Words]
    kinds: dict[Kind, KindSigns]


@dataclass(frozen=True, slots=True)
class _Alarm:
    kind: Kind
    language: Language
    deniable: bool


class _Reader:
    """The rules, ready to read messages with."""

    def __init__(self, rules: Rules, signs: Signs) -> None:
        self._rules = rules
        kinds = rules.kinds.items()
        self._idioms = self._phrases((phrase, None) for phrase in rules.idioms)
        self._ordinary = self._phrases((phrase, None) for phrase in rules.ordinary)
        self._earnest = self._phrases((phrase, None) for phrase in rules.earnest)
        self._alarms = self._phrases(_alarms(rules))
        self._calm = self._phrases((phrase, kind) for kind, one in kinds for phrase in one.calm)
        self._still = self._phrases((phrase, kind) for kind, one in kinds for phrase in one.still)
        self._enough = {kind: one.enough for kind, one in signs.kinds.items()}
        self._signs = Phrases(_signs(signs), rules.groups | signs.groups, rules.common)
        self._spellings = wording.Spellings(
            rules.spellings, sorted(rules.often_misspelt), lambda: self._known
        )

    def assess(self, text: str) -> Care | None:
        words: Sequence[str] = wording.read(text, self._spellings)
        ends = [at for at, word in enumerate(words) if word == END]
        starts = {
            ends[before - 1] + 1 if (before := bisect_left(ends, hit.start)) else 0
            for hit in self._alarms.find(words)
        }
        words = self._without_idioms(words)
        meant = [kind for start in starts for kind in self._meant(words[start : words.index(END, start) + 1])]
        for kind, rules in self._rules.kinds.items():
            for language in (alarm.language for alarm in meant if alarm.kind == kind):
                return Care(kind, rules.about, rules.lines[language])
        hinted = self._hinted(words)
        return self.flagged(hinted, text) if hinted is not None else None

    def _without_idioms(self, words: Sequence[str]) -> Sequence[str]:
        """Return the words without figures of speech, unless the person says that these are none."""
        return words if any(self._earnest.find(words)) else _hidden(words, self._idioms.find(words))

    def _hinted(self, words: Sequence[str]) -> Kind | None:
        """Return what the signs of a message weigh most for."""
        hits = self._signs.find(words)
        said = [hit for hit in hits if not (hit.tag.deniable and self._denied(words, hit.start))]
        return heaviest(said, self._enough)

    def flagged(self, kind: Kind, text: str) -> Care:
        rules = self._rules.kinds[kind]
        return Care(kind, rules.about, rules.lines[self._language(text)])

    @cached_property
    def _known(self) -> set[str]:
        return self._alarms.words | self._signs.words | self._idioms.words | self._rules.not_misspelt

    def _language(self, text: str) -> Language:
        """Return the language most of whose usual words are in the text; English where none is."""
        said = {*wording.read(text, {})}
        counts = {language: len(said & words) for language, words in self._rules.usual_words.items()}
        best = max(counts, key=lambda language: counts[language])
        return best if counts[best] else "en"

    def _meant(self, sentence: Sequence[str]) -> Iterator[_Alarm]:
        """Yield what a sentence tells in earnest."""
        words = _hidden(sentence, self._ordinary.find(sentence))
        calm = {hit.tag for hit in self._calm.find(words)} - {hit.tag for hit in self._still.find(words)}
        for hit in self._alarms.find(words):
            if hit.tag.kind not in calm and not (hit.tag.deniable and self._denied(words, hit.start)):
                yield hit.tag

    def _denied(self, words: Sequence[str], start: int) -> bool:
        """Whether the same clause says no to what begins at `start`."""
        rules = self._rules
        for at in range(start - 1, max(start - 1 - DENIED_WITHIN, -1), -1):
            if words[at] in (COMMA, END) or words[at] in rules.clause_ends:
                return False
            if words[at] in rules.negations and words[at + 1] not in rules.no_negation_before:
                return True
        return False

    def _phrases[Tag](self, tagged: Iterable[tuple[str, Tag]]) -> Phrases[Tag]:
        return Phrases(tagged, self._rules.groups, self._rules.common)


def assess(text: str) -> Care | None:
    """Return the care that a message asks for, None for ordinary talk.

    Total   any text of any length: one pass over its words, a second over sentences with an alarm
    """
    return _reader().assess(text)


def flagged(kind: Kind, text: str) -> Care:
    """Return the care for a message that somebody else took for this kind, in the message's language."""
    return _reader().flagged(kind, text)


def lingering(texts: Sequence[str]) -> Care | None:
    """Return the care that one of the last messages asked for. Shape: `texts` the person's, oldest first."""
    needs = (assess(text) for text in reversed(texts[-RECENT:]))
    return next((need for need in needs if need is not None), None)


def preload() -> None:
    """Read the rules now (some 20 ms), so that no message waits for them."""
    _reader()


@cache
def _reader() -> _Reader:
    rules, signs = FILE.read_bytes(), SIGNS.read_bytes()
    return _Reader(Rules.model_validate_json(rules), Signs.model_validate_json(signs))


def _alarms(rules: Rules) -> Iterator[tuple[str, _Alarm]]:
    for kind, one in rules.kinds.items():
        for language, phrases in one.alarms.items():
            for phrase in phrases:
                yield phrase.removeprefix("!"), _Alarm(kind, language, not phrase.startswith("!"))


def _signs(signs: Signs) -> Iterator[tuple[str, Sign[Kind]]]:
    for kind, one in signs.kinds.items():
        for name, sign in one.signs.items():
            for phrase in sign.phrases:
                yield phrase.removeprefix("!"), Sign(kind, name, sign.weight, not phrase.startswith("!"))


def _hidden(words: Sequence[str], hits: Iterable[Hit[None]]) -> Sequence[str]:
    """Return the words without those of the hits."""
    hidden = {at for hit in hits for at in range(hit.start, hit.end)}
    return [HIDDEN if at in hidden else word for at, word in enumerate(words)]
