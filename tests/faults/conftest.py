"""Virtual time for every test here, the settings of the state machine, and what was measured."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.conftest import Figures as Figures
from tests.faults.scheduler import CREW
from tests.faults.waiting import in_virtual_time

settings.register_profile(
    "turns",
    max_examples=120,
    stateful_step_count=30,
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)


@pytest.fixture(autouse=True)
def virtual_time(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    in_virtual_time(monkeypatch)
    yield
    CREW.dismiss()
