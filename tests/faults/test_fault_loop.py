"""Every fault at every operation of every way to run a turn: nothing that always holds is violated."""

import pytest

from tests.conftest import Figures
from tests.faults.fault_loop import Scenario, every_fault, run
from tests.faults.scenarios import LONG, SCENARIOS
from tests.faults.shim import FAULTS
from tests.faults.transition_table import ROWS

MIN_POINTS = 40


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_whatever_fails_at_whatever_operation_the_invariants_hold(
    scenario: Scenario,
) -> None:
    runs, struck, found = 0, 0, []
    for played in every_fault(scenario):
        runs, struck = runs + 1, struck + (played.struck is not None)
        found += [(played.fault, played.struck, violation) for violation in played.violations]
    assert found == []
    assert struck == runs - 1


def test_a_turn_longer_than_its_lease_is_left_to_its_owner() -> None:
    assert run(LONG).violations == ()


def test_the_loop_covers_at_least_forty_distinct_points(figures: Figures) -> None:
    played = [(scenario, run(scenario, checked=False)) for scenario in SCENARIOS]
    points = sum(plain.points for _, plain in played)
    calls = {
        (scenario.name, operation.port, operation.site)
        for scenario, plain in played
        for operation in plain.world.operations[: plain.points]
    }
    sites = {call[1:] for call in calls}
    figures(
        f"the fault loop covers {points} points in {len(SCENARIOS)} scenarios: {len(calls)} different calls "
        f"of a port, from {len(sites)} places in the code"
    )
    assert {port for port, _ in sites} == set(FAULTS)
    assert min(points, len(calls)) >= MIN_POINTS


def test_the_scenarios_take_every_row_of_the_transition_table() -> None:
    taken = {row for scenario in SCENARIOS for row in run(scenario).world.table.seen}
    assert taken == {row.what for row in ROWS}
