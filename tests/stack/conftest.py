"""The real stacks of a session: each is started for the first test that asks for it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from local.stack_process import running_stack
from tests.conftest import Figures as Figures
from tests.stack.client import Stack, connected
from tests.stack.relay import Ledger, relaying

IMPATIENT: Final = {
    "FIRST_DELTA_TIMEOUT_S": "1",
    "DELTA_TIMEOUT_S": "1",
    "KEEP_ALIVE_S": "0.2",
    # The function may run for 300 s: a turn's time is over after 5 s.
    "DEADLINE_MARGIN_S": "295",
    "MAX_OUTPUT_TOKENS": "8000",
    "TURNS_PER_MINUTE": "3",
}
RELAYED: Final = {
    # Ten processes on two cores, some of which are only just starting: all may take its time.
    "STORE_TIMEOUT_S": "4",
    "ROUTER_TIMEOUT_S": "5",
    "LEASE_S": "1",
    "LEASE_RENEWAL_S": "0.3",
    "FALLBACK_MODEL_ID": "us.anthropic.claude-haiku-4-5-20251001-v1:0",
    "TICKET_KEYS": "k2:the-key-that-signs-now,k1:the-key-before-that",
}
WHOLE: Final = {"STREAMING_ENABLED": "false", "PINECONE_HOST": "", "DAILY_BUDGET_CENTS": "1"}
HURRIED: Final = {"PENDING_S": "1"}
RELAYED_PROCESSES: Final = 10
PENDING_S: Final = 6.0
SWEEP_S: Final = 1.0
DURABLE: Final = {
    "PENDING_S": str(PENDING_S),
    "LEASE_S": "2",
    "LEASE_RENEWAL_S": "0.5",
    "STORE_TIMEOUT_S": "4",
    "ROUTER_TIMEOUT_S": "5",
    "TURNS_PER_MINUTE": "0",
}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many tests with real clients ran, and how many were skipped."""
    outcomes = [
        outcome
        for outcome in ("passed", "failed", "error", "skipped")
        for report in terminalreporter.stats.get(outcome, ())
        if "/test_clients.py::" in report.nodeid
    ]
    if outcomes:
        skipped = outcomes.count("skipped")
        terminalreporter.write_line(f"real clients: {len(outcomes) - skipped} tests ran, {skipped} skipped")


@pytest.fixture(scope="session")
def shared_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("stack")) as endpoints, connected(endpoints) as stack:
        yield stack


@pytest.fixture(scope="session")
def shared_impatient_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    state, options = tmp_path_factory.mktemp("impatient-stack"), environment(IMPATIENT)
    with running_stack(state, options=options) as endpoints, connected(endpoints) as stack:
        yield stack


@dataclass(frozen=True, slots=True)
class Relayed:
    """A stack with a relay before its store and its models, and what the relay heard."""

    stack: Stack
    ledger: Ledger


@contextmanager
def relayed_stack(state: Path, *options: str) -> Iterator[Relayed]:
    """Run a stack whose store and models are reached through a relay."""
    with relaying() as relays:
        addresses = {
            "AWS_ENDPOINT_URL_DYNAMODB": relays.store.url,
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": relays.models.url,
        }
        everything = (*environment(addresses), *options)
        with running_stack(state, options=everything) as endpoints, connected(endpoints) as stack:
            assert endpoints.bedrock is not None
            relays.store.upstream, relays.models.upstream = endpoints.aws, endpoints.bedrock
            yield Relayed(stack, relays.ledger)


@pytest.fixture(scope="session")
def shared_relayed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relayed]:
    # One invocation at a time in each process, as on AWS: who kills a process kills one turn.
    processes = ("--processes", str(RELAYED_PROCESSES), "--pollers", "1", "--sweep-every", "3600")
    with relayed_stack(
        tmp_path_factory.mktemp("relayed-stack"), *environment(RELAYED), *processes
    ) as relayed:
        yield relayed


@pytest.fixture(scope="session")
def shared_durable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relayed]:
    options = ("--processes", "6", "--pollers", "1", "--sweep-every", str(SWEEP_S))
    with relayed_stack(tmp_path_factory.mktemp("durable-stack"), *environment(DURABLE), *options) as relayed:
        yield relayed


@pytest.fixture(scope="session")
def shared_whole_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    state, options = tmp_path_factory.mktemp("whole-stack"), environment(WHOLE)
    with running_stack(state, options=options) as endpoints, connected(endpoints) as stack:
        yield stack


@pytest.fixture(scope="session")
def shared_hurried_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    state, options = tmp_path_factory.mktemp("hurried-stack"), (*environment(HURRIED), "--sweep-every", "1")
    with running_stack(state, options=options) as endpoints, connected(endpoints) as stack:
        yield stack


def environment(variables: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(part for name, value in variables.items() for part in ("--env", f"{name}={value}"))


@pytest.fixture
def stack(shared_stack: Stack) -> Stack:
    """The stack as it ships; its models are quick and were not called yet."""
    return _fresh(shared_stack)


@pytest.fixture
def impatient_stack(shared_impatient_stack: Stack) -> Stack:
    """A stack with short limits; its models are quick and were not called yet."""
    return _fresh(shared_impatient_stack)


@pytest.fixture
def relayed(shared_relayed: Relayed) -> Relayed:
    """A stack with a relay, short leases and one invocation a process; its models are quick."""
    _fresh(shared_relayed.stack)
    return shared_relayed


@pytest.fixture
def durable(shared_durable: Relayed) -> Relayed:
    """A stack with a relay that sweeps each second, in which nothing may wait for long; nobody is limited."""
    _fresh(shared_durable.stack)
    return shared_durable


@pytest.fixture
def whole_stack(shared_whole_stack: Stack) -> Stack:
    """A stack that does not stream, has no index, where people spend a cent a day; its models are quick."""
    return _fresh(shared_whole_stack)


@pytest.fixture
def hurried_stack(shared_hurried_stack: Stack) -> Stack:
    """A stack that sweeps each second what is due after one; its models are quick and were not called yet."""
    return _fresh(shared_hurried_stack)


def _fresh(stack: Stack) -> Stack:
    stack.emulator.play()
    stack.emulator.forget_calls()
    return stack
