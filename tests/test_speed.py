"""`make bench`: the parts that need no stack run, and the table says what it should."""

import json
import sys

import pytest
from click.testing import CliRunner

from benchmarks.speed.__main__ import main
from benchmarks.speed.comparison import Comparison, in_turn, table


def test_the_two_are_taken_in_turn_and_the_first_round_is_not_counted() -> None:
    asked: list[str] = []

    def ask(name: str) -> float:
        asked.append(name)
        return len(asked)

    ours, theirs = in_turn(2, lambda: ask("a"), lambda: ask("b"))
    assert asked == ["a", "b", "a", "b", "a", "b"]
    assert (ours, theirs) == ((3, 5), (4, 6))


def test_the_ratio_is_that_of_pairs() -> None:
    shown = table([Comparison("part", "what", "ms", "a peer", (10.0, 30.0, 40.0), (10.0, 10.0, 10.0))])
    figures = "what 30.0 ms (10.0-40.0) 10.0 ms 3.00 (1.00-4.00) a peer"
    assert " ".join(shown.splitlines()[-1].split()) == figures


@pytest.mark.skipif(sys.platform != "linux", reason="the peers' memory is read from /proc")
def test_the_runtime_loop_is_measured_beside_a_raw_socket() -> None:
    result = CliRunner().invoke(main, ["--part", "runtime", "--json"])
    assert result.exit_code == 0, result.output
    chunk, first = json.loads(result.stdout)
    assert (chunk["what"], first["what"]) == ("one chunk of a burst", "event to first byte")
    assert len(chunk["ours"]) == len(chunk["theirs"]) == 21
    assert chunk["ratio"] > 0
