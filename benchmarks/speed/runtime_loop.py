"""Our Runtime API loop against a bare socket: what a chunk costs, and how soon the first byte leaves."""

import os
import sys
from collections.abc import Iterator
from typing import Final

from benchmarks.speed.children import CHUNKS
from benchmarks.speed.comparison import Comparison, in_turn
from benchmarks.speed.runtime_api import Child, Timing
from local.project import ROOT, SOURCE

ROUNDS: Final = 21
PEER: Final = "a raw socket that sends the same"


def measure() -> Iterator[Comparison]:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{SOURCE}:{ROOT}"}
    own = {**environment, "_HANDLER": "benchmarks.speed.children.handler"}
    with (
        Child([sys.executable, "-m", "libs.lambda_runtime"], own) as ours,
        Child([sys.executable, "-m", "benchmarks.speed.children"], environment) as theirs,
    ):
        mine, others = _rounds(ours, theirs)
    yield Comparison(
        "runtime loop",
        "one chunk of a burst",
        "µs",
        PEER,
        tuple(timing.all_us / CHUNKS for timing in mine),
        tuple(timing.all_us / CHUNKS for timing in others),
    )
    yield Comparison(
        "runtime loop",
        "event to first byte",
        "µs",
        PEER,
        tuple(timing.first_us for timing in mine),
        tuple(timing.first_us for timing in others),
    )


def _rounds(ours: Child, theirs: Child) -> tuple[list[Timing], list[Timing]]:
    mine: list[Timing] = []
    others: list[Timing] = []

    def of(child: Child, found: list[Timing]) -> float:
        found.append(child.invoke())
        return found[-1].all_us

    in_turn(ROUNDS, lambda: of(ours, mine), lambda: of(theirs, others))
    return mine[1:], others[1:]
