"""The real stacks of a session: each is started for the first test that asks for it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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
WHOLE: Final = {"STREAMING_ENABLED": "false", "PINECONE_HOST": ""}
HURRIED: Final = {"PENDING_S": "1"}
RELAYED_PROCESSES: Final = 10


@pytest.fixture(scope="session")
def shared_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("stack")) as endpoints, connected(endpoints) as stack:
        yield stack


@pytest.fixture(scope="session")
def shared_impatient_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    state, options = tmp_path_factory.mktemp("impatient-stack"), _environment(IMPATIENT)
    with running_stack(state, options=options) as endpoints, connected(endpoints) as stack:
        yield stack


@dataclass(frozen=True, slots=True)
class Relayed:
    """A stack with a relay before its store and its models, and what the relay heard."""

    stack: Stack
    ledger: Ledger


@pytest.fixture(scope="session")
def shared_relayed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relayed]:
    state = tmp_path_factory.mktemp("relayed-stack")
    with relaying() as relays:
        addresses = {
            "AWS_ENDPOINT_URL_DYNAMODB": relays.store.url,
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": relays.models.url,
        }
        # One invocation at a time in each process, as on AWS: who kills a process kills one turn.
        processes = ("--processes", str(RELAYED_PROCESSES), "--pollers", "1", "--sweep-every", "3600")
        options = (*_environment({**RELAYED, **addresses}), *processes)
        with running_stack(state, options=options) as endpoints, connected(endpoints) as stack:
            assert endpoints.bedrock is not None
            relays.store.upstream, relays.models.upstream = endpoints.aws, endpoints.bedrock
            yield Relayed(stack, relays.ledger)


@pytest.fixture(scope="session")
def shared_whole_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    state, options = tmp_path_factory.mktemp("whole-stack"), _environment(WHOLE)
    with running_stack(state, options=options) as endpoints, connected(endpoints) as stack:
        yield stack


@pytest.fixture(scope="session")
def shared_hurried_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    state, options = tmp_path_factory.mktemp("hurried-stack"), (*_environment(HURRIED), "--sweep-every", "1")
    with running_stack(state, options=options) as endpoints, connected(endpoints) as stack:
        yield stack


def _environment(variables: Mapping[str, str]) -> tuple[str, ...]:
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
def whole_stack(shared_whole_stack: Stack) -> Stack:
    """A stack that does not stream and has no index; its models are quick and were not called yet."""
    return _fresh(shared_whole_stack)


@pytest.fixture
def hurried_stack(shared_hurried_stack: Stack) -> Stack:
    """A stack that sweeps each second what is due after one; its models are quick and were not called yet."""
    return _fresh(shared_hurried_stack)


def _fresh(stack: Stack) -> Stack:
    stack.emulator.play()
    stack.emulator.forget_calls()
    return stack
