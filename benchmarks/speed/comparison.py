"""Two ways to do the same, measured in turn, and the table of what came of it. Pure but for the clock."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

type Figures = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Figures of ours and of a peer, round by round. Shape  `lower_is_better` says which way is good"""

    part: str
    what: str
    unit: str
    peer: str
    ours: tuple[float, ...]
    theirs: tuple[float, ...]
    lower_is_better: bool = True

    @property
    def ratios(self) -> tuple[float, ...]:
        """Ours over the peer's, round by round."""
        return tuple(mine / other for mine, other in zip(self.ours, self.theirs, strict=True) if other)


def in_turn(
    rounds: int, ours: Callable[[], float], theirs: Callable[[], float]
) -> tuple[tuple[float, ...], ...]:
    """Return the figures of both, taken A B A B; one round before is not counted."""
    ours(), theirs()
    pairs = [(ours(), theirs()) for _ in range(rounds)]
    return tuple(mine for mine, _ in pairs), tuple(other for _, other in pairs)


def timed_us(work: Callable[[], object], count: int) -> float:
    """Return how long one of `count` pieces of work took, in microseconds."""
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1_000_000 / count


def table(comparisons: Iterable[Comparison]) -> str:
    """Return the comparisons as lines: medians, the spread of ours, the ratio with its spread."""
    rows: list[tuple[str, ...]] = [("", "ours", "(min-max)", "peer", "ratio", "(min-max)", "the peer is")]
    part = ""
    for one in comparisons:
        if one.part != part:
            part = one.part
            rows.append((part, "", "", "", "", "", ""))
        rows.append(_row(one))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(_line(row, widths) for row in rows)


def _row(one: Comparison) -> tuple[str, ...]:
    return (
        f"  {one.what}",
        f"{_number(median(one.ours))} {one.unit}",
        f"({_number(min(one.ours))}-{_number(max(one.ours))})",
        f"{_number(median(one.theirs))} {one.unit}",
        f"{median(one.ratios):.2f}",
        f"({min(one.ratios):.2f}-{max(one.ratios):.2f})",
        one.peer,
    )


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *figures, last = row
    return "  ".join(
        (
            first.ljust(widths[0]),
            *(figure.rjust(width) for figure, width in zip(figures, widths[1:], strict=False)),
            last,
        )
    ).rstrip()


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def as_json(comparisons: Iterable[Comparison]) -> list[dict[str, Any]]:
    return [
        {
            "part": one.part,
            "what": one.what,
            "unit": one.unit,
            "peer": one.peer,
            "lowerIsBetter": one.lower_is_better,
            "ours": [round(value, 3) for value in one.ours],
            "theirs": [round(value, 3) for value in one.theirs],
            "oursMedian": round(median(one.ours), 3),
            "peerMedian": round(median(one.theirs), 3),
            "ratio": round(median(one.ratios), 3),
            "ratioMin": round(min(one.ratios), 3),
            "ratioMax": round(max(one.ratios), 3),
        }
        for one in comparisons
    ]
