"""Who says what, where texts begin with their speaker: `Nora: …`, `[8 May 2023] Nora: …`, `Nora said, …`.

A name says little about what a text is about, and much to an embedding model: every text by Nora is near to
every question about her. So names are taken from what is embedded, and count by themselves.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable
from typing import Final

_HEAD: Final = re.compile(
    r"\s*(?:\[[^\]\n]{1,60}\]\s*|\([^)\n]{1,60}\)\s*)?"
    r"(?P<name>[^\W\d_][\w'’.-]{0,30}(?: [^\W\d_][\w'’.-]{0,30}){0,2}?)"
    r"(?:\s*:\s+| said,? )(?=\S)"
)
_ADDRESSED: Final = re.compile(r"\b(?:[Hh]i|[Hh]ey|[Hh]ello|[Tt]hanks|[Tt]hank you),? ([A-Z][a-z]+)\b")
# Fewer may be chance: `Note: …`.
_LEAST: Final = 2


def speakers(texts: Iterable[str]) -> frozenset[str]:
    """Return the names that texts begin with, or that people greet each other by, at least twice."""
    counts: Counter[str] = Counter()
    for text in texts:
        head = _HEAD.match(text)
        counts.update({head["name"]} if head else ())
        counts.update(set(_ADDRESSED.findall(text)))
    return frozenset(name for name, count in counts.items() if count >= _LEAST)


def split(text: str, known: Collection[str]) -> tuple[str, str]:
    """Return who says a text, empty for nobody `known`, and what is said."""
    head = _HEAD.match(text)
    if head is None or head["name"] not in known:
        return "", text
    return head["name"], text[head.end() :]


def without_names(question: str, known: Collection[str]) -> str:
    """Return the question without the names of speakers; the question itself when nothing else is left."""
    if not known:
        return question
    names = "|".join(map(re.escape, sorted(known, key=len, reverse=True)))
    left = re.sub(rf"\b(?:{names})(?:['’]s)?\b", " ", question, flags=re.IGNORECASE)
    return " ".join(left.split()) if re.search(r"\w", left) else question
