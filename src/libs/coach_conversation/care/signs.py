"""Signs: what asks for care only where several of them stand together, each with a weight.

Nobody who hints says it outright: "sorted the will", "oddly calm" and "might do a last swim" are ordinary
words one by one. `signs.json` has them by kind, in the language of `phrase_syntax`, each with the weight
that it adds, and the sum that is `enough` to tell; what speaks against it weighs less than nothing.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from libs.coach_conversation.care.phrases import Hit

NEAR: Final = 40
"""So many words apart signs still tell of the same thing."""


@dataclass(frozen=True, slots=True)
class Sign[Kind: str]:
    """One idea of a kind, however it is worded."""

    kind: Kind
    name: str
    weight: int
    deniable: bool = True


def heaviest[Kind: str](hits: Sequence[Hit[Sign[Kind]]], enough: Mapping[Kind, int]) -> Kind | None:
    """Return the kind whose signs tell most above what is enough for it, None where none do."""
    return max(_above(hits, enough), default=(0, None))[1]


def _above[Kind: str](
    hits: Sequence[Hit[Sign[Kind]]], enough: Mapping[Kind, int]
) -> Iterator[tuple[int, Kind]]:
    """Yield each kind with how far its signs near one place are above enough, a sign counted once."""
    for kind, least in enough.items():
        told = sorted((hit for hit in hits if hit.tag.kind == kind), key=lambda hit: hit.start)
        starts = [hit.start for hit in told]
        for first, start in enumerate(starts):
            near = told[first : bisect_right(starts, start + NEAR)]
            above = sum({hit.tag.name: hit.tag.weight for hit in near}.values()) - least
            if above >= 0:
                yield above, kind
