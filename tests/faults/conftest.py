"""Virtual time for every test here, the settings of the state machine, and what was measured."""

import os
from collections.abc import Callable, Iterator
from typing import Final

import pytest
from hypothesis import HealthCheck, settings

from tests.faults.scheduler import CREW
from tests.faults.waiting import in_virtual_time

_FIGURES: Final = pytest.StashKey[list[str]]()

type Figures = Callable[[str], None]

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


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Figures:
    """Take what was measured; it is shown when all tests have run."""
    return request.config.stash.setdefault(_FIGURES, []).append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for line in config.stash.get(_FIGURES, []):
        terminalreporter.write_line(f"measured: {line}")
