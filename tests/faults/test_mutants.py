"""The test of the test: a turn without one of its safeguards does not get past the fault loop."""

import pytest

from tests.conftest import Figures
from tests.faults.fault_loop import first_violations
from tests.faults.mutants import MUTANTS, Mutant
from tests.faults.task_mutants import TASK_MUTANTS


@pytest.mark.parametrize("mutant", [*MUTANTS, *TASK_MUTANTS], ids=lambda mutant: mutant.name)
def test_a_turn_without_this_safeguard_is_caught(
    mutant: Mutant, monkeypatch: pytest.MonkeyPatch, figures: Figures
) -> None:
    mutant.patch(monkeypatch)
    played = first_violations(mutant.scenario)
    assert played is not None, "nothing noticed"
    caught = {violation.invariant for violation in played.violations}
    figures(f"mutant '{mutant.name}' is caught by {', '.join(sorted(caught))}")
    assert mutant.invariant in caught
