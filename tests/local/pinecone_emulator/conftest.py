"""One emulator for all tests of its wire, emptied before each."""

from collections.abc import Iterator

import pytest

from tests.local.pinecone_emulator.running import Emulator, running_pinecone


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with running_pinecone(tmp_path_factory.mktemp("pinecone") / "vectors") as emulator:
        yield emulator


@pytest.fixture
def emulator(running: Emulator) -> Emulator:
    running.fresh()
    return running
