"""Two real stacks for a session: one with the limits it ships with, and one that loses patience soon."""

from collections.abc import Callable, Iterator
from typing import Final

import pytest

from local.stack_process import running_stack
from tests.stack.client import Stack, connected

IMPATIENT: Final = {
    "FIRST_DELTA_TIMEOUT_S": "1",
    "DELTA_TIMEOUT_S": "1",
    "KEEP_ALIVE_S": "0.2",
    # The function may run for 300 s: a turn's time is over after 5 s.
    "DEADLINE_MARGIN_S": "295",
    "MAX_OUTPUT_TOKENS": "8000",
    "TURNS_PER_MINUTE": "3",
}
_FIGURES: Final = pytest.StashKey[list[str]]()

type Figures = Callable[[str], None]


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Figures:
    """Take what was measured; it is shown when all tests have run."""
    return request.config.stash.setdefault(_FIGURES, []).append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for line in config.stash.get(_FIGURES, []):
        terminalreporter.write_line(f"measured: {line}")


@pytest.fixture(scope="session")
def shared_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("stack")) as endpoints, connected(endpoints) as stack:
        yield stack


@pytest.fixture(scope="session")
def shared_impatient_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    options = tuple(part for name, value in IMPATIENT.items() for part in ("--env", f"{name}={value}"))
    state = tmp_path_factory.mktemp("impatient-stack")
    with running_stack(state, options=options) as endpoints, connected(endpoints) as stack:
        yield stack


@pytest.fixture
def stack(shared_stack: Stack) -> Stack:
    """The stack as it ships; its models are quick and were not called yet."""
    return _fresh(shared_stack)


@pytest.fixture
def impatient_stack(shared_impatient_stack: Stack) -> Stack:
    """A stack with short limits; its models are quick and were not called yet."""
    return _fresh(shared_impatient_stack)


def _fresh(stack: Stack) -> Stack:
    stack.emulator.play()
    stack.emulator.forget_calls()
    return stack
