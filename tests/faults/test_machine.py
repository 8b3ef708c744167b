"""Whatever happens in whatever order: the invariants hold."""

from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.faults import machine
from tests.faults.conftest import Figures
from tests.faults.transition_table import ROWS


def test_whatever_happens_in_whatever_order_the_invariants_hold(figures: Figures) -> None:
    machine.taken.clear()
    run_state_machine_as_test(machine.Conversation, settings=settings.get_profile("turns"))
    figures(f"the state machine took {dict(machine.taken.most_common())}")
    assert set(machine.taken) == {row.what for row in ROWS}
