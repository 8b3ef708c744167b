"""What one may expect of an answer, whatever it is about: that it says something, a time or a number if that
is asked for, and who says it.

The forms are English; of questions in other languages they expect nothing.
"""

import math
import re
from collections.abc import Sequence
from re import Pattern
from typing import Final

from libs.memory.candidates import STATEMENT_TYPES, Candidate
from libs.memory.lexical import analyse
from libs.memory.tokens import words

_FULLNESS: Final = 0.55
_FORM: Final = 0.3
# Little: people tell of each other, and questions mix up who did what.
_SPEAKER: Final = 0.15
# Who has said so many different things has told enough.
_FULL: Final = 50

_WHEN: Final = re.compile(
    r"\W*(?:since |until |by )?"
    r"(?:when|(?:what|which) (?:day|date|month|year|weekday|time|season)|how long ago)\b",
    re.IGNORECASE,
)
_HOW_MUCH: Final = re.compile(
    r"\W*(?:for )?(?:how (?:many|much|long|old|often|far|fast|tall|heavy|big|high|deep|late|early)"
    r"|(?:at |by )?(?:what|which) (?:percentage|number|score|price|age|weight|distance))\b",
    re.IGNORECASE,
)
_TIME: Final = re.compile(
    r"\b(?:yesterday|today|tonight|tomorrow|(?:last|next|this|every) \w+|\w+ ago|(?:mon|tues|wednes|thurs|fri"
    r"|satur|sun)days?|january|february|march|april|may|june|july|august|september|october|november|december|weekend"
    r"|mornings?|evenings?|summer|winter|spring|autumn|since|until|(?:19|20)\d\d|\d{1,2}(?:st|nd|rd|th)|christmas"
    r"|easter|recently|the other day)\b",
    re.IGNORECASE,
)
_NUMBER: Final = re.compile(
    r"\b(?:\d[\d.,:]*\w*|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|(?:twen|thir|for|fif"
    r"|six|seven|eigh|nine)ty\w*|hundreds?|thousands?|millions?|once|twice|half|dozens?|couple|several)\b",
    re.IGNORECASE,
)


def fitness(question: str, candidates: Sequence[Candidate]) -> list[float]:
    """Return how much each candidate is like an answer. Units: a share in [0, 1] of what one may expect."""
    named = _named(question, {candidate.speaker for candidate in candidates})
    form = _form(question)
    return [
        _FULLNESS * _fullness(candidate)
        + _FORM * bool(form is not None and form.search(candidate.text))
        + _SPEAKER * (candidate.speaker in named)
        for candidate in candidates
    ]


def _fullness(candidate: Candidate) -> float:
    """Return how much a text says: `Paid for?` is near to any question about a price, and answers none."""
    if candidate.type in STATEMENT_TYPES:
        return 1.0
    return min(math.log1p(len(analyse(candidate.text).whole)) / math.log1p(_FULL), 1.0)


def _named(question: str, speakers: set[str]) -> set[str]:
    """Return the speaker that the question is about; of two it tells nothing."""
    asked = set(words(question))
    named = {speaker for speaker in speakers if speaker and asked.issuperset(words(speaker))}
    return named if len(named) == 1 else set()


def _form(question: str) -> Pattern[str] | None:
    if _WHEN.match(question):
        return _TIME
    return _NUMBER if _HOW_MUCH.match(question) else None
