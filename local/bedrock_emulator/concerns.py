"""What a small model would take for a cry for help: a few plain signs."""

import re
from typing import Final

SIGNS: Final = {
    "self_harm": (
        r"better off without me|no (?:way out|point (?:in )?(?:going on|living))|can'?t (?:go on|do life)"
        r"|(?:end|ending) (?:it all|my life)|hurt(?:ing)? myself|want to die(?! (?:after|during))"
    ),
    "eating_disorder": (
        r"(?:made|make|making) myself (?:sick|throw up)|throw(?:ing)? up (?:my|after) (?:food|meals?|eating)"
        r"|haven'?t eaten (?:in|for) \w+ days|afraid to eat|laxatives"
    ),
    "chest_pain": r"chest (?:pain|hurts|feels tight)|passed out|fainted|can'?t breathe",
    "acute_injury": r"(?:tore|broke|dislocated) my|heard a (?:pop|snap|crack)|can'?t put (?:any )?weight on",
}
_COMPILED: Final = {kind: re.compile(rf"\b(?:{signs})\b", re.IGNORECASE) for kind, signs in SIGNS.items()}


def concern_of(text: str) -> str:
    """Return the router's `careConcern` for a message."""
    plain = text.replace("’", "'")
    return next((kind for kind, signs in _COMPILED.items() if signs.search(plain)), "none")
