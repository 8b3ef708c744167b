"""Whatever happens in whatever order: the invariants hold."""

from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.conftest import Figures
from tests.faults import machine


def test_whatever_happens_in_whatever_order_the_invariants_hold(figures: Figures) -> None:
    machine.taken.clear()
    run_state_machine_as_test(machine.Conversation, settings=settings.get_profile("turns"))
    figures(f"the state machine took these rows of the transition table: {dict(machine.taken.most_common())}")
