"""What tests of several parts share."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Final

import pytest
from hypothesis import settings

from local import project
from local.ministack import MiniStack, keep_port
from local.resources import make_resources
from local.template import load_template

_FIGURES: Final = pytest.StashKey[list[str]]()

type Figures = Callable[[str], None]

# How long one example takes says more about the machine's load than about the code.
settings.register_profile("load", deadline=None)
settings.load_profile("load")


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Figures:
    """Take what was measured; it is shown when all tests have run."""
    return request.config.stash.setdefault(_FIGURES, []).append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for line in config.stash.get(_FIGURES, []):
        terminalreporter.write_line(f"measured: {line}")


@pytest.fixture(scope="session")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a MiniStack with the template's table and queues, one for the whole session."""
    root = tmp_path_factory.mktemp("ministack")
    state = root / "state"
    state.mkdir()
    server = MiniStack(port=keep_port(root / "port"), state_dir=state, log_file=root / "ministack.log")
    with asyncio.Runner() as runner:
        runner.run(server.start())
        try:
            runner.run(server.ready())
            make_resources(load_template(project.TEMPLATE), aws_url=server.url, region="us-east-1")
            yield server.url
        finally:
            runner.run(server.stop())
