"""What a question lets one expect of its answer, whatever it is about: who says it, and a time or a number.

English only; for questions in other languages nothing is expected.
"""

import re
from collections.abc import Sequence
from re import Pattern
from typing import Final

from libs.memory.candidates import Candidate
from libs.memory.tokens import words

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
    """Return how well each candidate has the form of an answer.

    Shape   1.0 for a text by the one whom the question names that holds the time or number asked for; half
            for either; 0.0 for all where the question expects nothing
    """
    named = _named(question, {candidate.speaker for candidate in candidates})
    form = _form(question)
    return [
        0.5 * (candidate.speaker in named) + 0.5 * bool(form is not None and form.search(candidate.text))
        for candidate in candidates
    ]


def _named(question: str, speakers: set[str]) -> set[str]:
    """Return the speaker that the question is about; of two it tells nothing."""
    asked = set(words(question))
    named = {speaker for speaker in speakers if speaker and asked.issuperset(words(speaker))}
    return named if len(named) == 1 else set()


def _form(question: str) -> Pattern[str] | None:
    if _WHEN.match(question):
        return _TIME
    return _NUMBER if _HOW_MUCH.match(question) else None
