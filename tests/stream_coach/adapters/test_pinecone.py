"""The adapter where Pinecone is down, slow or answers nonsense, and what it asks on the wire."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from libs.memory.errors import IndexUnavailable
from libs.memory.ports import IndexedText
from local.pinecone_emulator.script import GARBAGE
from stream_coach.adapters.pinecone import PineconeIndex
from tests.local.pinecone_emulator.running import Emulator, running_pinecone

TEXT = IndexedText("a", "memory", "left knee hurts", (1.0, 0.0), {"coachId": "atlas"})
CALLS: dict[str, Callable[[PineconeIndex], object]] = {
    "upsert": lambda index: index.upsert("alice", [TEXT]),
    "search": lambda index: index.search("alice", (1.0, 0.0), types=["memory"], limit=3),
    "delete": lambda index: index.delete("alice", ["a"]),
    "delete_all": lambda index: index.delete_all("alice"),
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with running_pinecone(tmp_path_factory.mktemp("pinecone") / "vectors") as emulator:
        yield emulator


@pytest.fixture
def emulator(running: Emulator) -> Emulator:
    running.fresh()
    return running


@pytest.fixture
def index(emulator: Emulator) -> Iterator[PineconeIndex]:
    with closing(PineconeIndex(emulator.url, "local", search_timeout_s=5)) as index:
        yield index


def test_the_sdk_is_not_imported_before_it_is_used() -> None:
    program = (
        "import sys; from stream_coach.adapters.pinecone import PineconeIndex; PineconeIndex('host', 'key');"
        "print([name for name in ('pinecone', 'httpx', 'orjson') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_connecting_asks_nothing(emulator: Emulator, index: PineconeIndex) -> None:
    index.connect()
    assert emulator.calls() == []


def test_what_is_asked_names_the_person_and_the_types(emulator: Emulator, index: PineconeIndex) -> None:
    index.upsert("alice", [TEXT])
    index.search("alice", (1.0, 0.0), types=["memory", "summary"], limit=3)
    index.delete("alice", ["a"])
    index.delete_all("alice")
    asked = [(call["operation"], call["apiVersion"], call["request"]) for call in emulator.calls()]
    version = "2026-07"
    metadata = {"coachId": "atlas", "type": "memory", "text": "left knee hurts"}
    vector = {"id": "a", "values": "2 numbers", "metadata": metadata}
    query = {
        "topK": 3,
        "includeValues": False,
        "includeMetadata": True,
        "namespace": "alice",
        "vector": "2 numbers",
        "filter": {"type": {"$in": ["memory", "summary"]}},
    }
    assert asked == [
        ("POST /vectors/upsert", version, {"vectors": [vector], "namespace": "alice"}),
        ("POST /query", version, query),
        ("POST /vectors/delete", version, {"namespace": "alice", "ids": ["a"]}),
        ("POST /vectors/delete", version, {"namespace": "alice", "deleteAll": True}),
    ]


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("fault", ["down", "error500", "error429"])
def test_a_call_that_fails_is_not_repeated(
    emulator: Emulator, index: PineconeIndex, call: Callable[[PineconeIndex], object], fault: str
) -> None:
    emulator.script(fault=fault)
    with pytest.raises(IndexUnavailable) as raised:
        call(index)
    assert raised.value.__cause__ is not None
    assert len(emulator.calls()) == 1


@pytest.mark.parametrize("call", ["upsert", "search"])
def test_garbage_is_no_answer(emulator: Emulator, index: PineconeIndex, call: str) -> None:
    emulator.script(fault="garbage")
    for _ in GARBAGE:
        with pytest.raises(IndexUnavailable):
            CALLS[call](index)
    assert len(emulator.calls()) == len(GARBAGE)


def test_a_slow_index_is_waited_for_no_longer_than_a_second(emulator: Emulator, index: PineconeIndex) -> None:
    index.connect()
    emulator.script(delayMs=5_000)
    start_s = time.monotonic()
    with pytest.raises(IndexUnavailable):
        CALLS["upsert"](index)
    assert 0.9 < time.monotonic() - start_s < 1.5


def test_a_search_ends_within_the_budget_of_recall(emulator: Emulator) -> None:
    emulator.script(delayMs=5_000)
    with closing(PineconeIndex(emulator.url, "local")) as index:
        index.connect()
        start_s = time.monotonic()
        with pytest.raises(IndexUnavailable):
            CALLS["search"](index)
        assert 0.2 < time.monotonic() - start_s < 0.7


def test_after_a_fault_the_same_client_goes_on(emulator: Emulator, index: PineconeIndex) -> None:
    emulator.script(fault="down", times=1)
    with pytest.raises(IndexUnavailable):
        index.upsert("alice", [TEXT])
    index.upsert("alice", [TEXT])
    assert [match.id for match in index.search("alice", (1.0, 0.0), types=["memory"], limit=3)] == ["a"]


@pytest.mark.parametrize(
    ("host", "key"),
    [
        ("http://127.0.0.1:1", "local"),
        ("http://[bad", "local"),
        ("no host", "local"),
        ("", "local"),
        ("http://127.0.0.1:1", " no header "),
    ],
)
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_host_that_is_none_is_unavailable(
    host: str, key: str, call: Callable[[PineconeIndex], object]
) -> None:
    with closing(PineconeIndex(host, key)) as index, pytest.raises(IndexUnavailable):
        call(index)


def test_vectors_of_another_length_are_unavailable(index: PineconeIndex) -> None:
    index.upsert("alice", [TEXT])
    with pytest.raises(IndexUnavailable):
        index.search("alice", (1.0, 0.0, 0.0), types=["memory"], limit=3)


def test_a_path_that_is_not_there_is_no_deletion(emulator: Emulator) -> None:
    with (
        closing(PineconeIndex(f"{emulator.url}/elsewhere", "local")) as index,
        pytest.raises(IndexUnavailable),
    ):
        index.delete_all("alice")


def test_a_text_that_is_not_unicode_is_kept_readable(index: PineconeIndex) -> None:
    index.upsert("alice", [IndexedText("a", "memory", "half \ud83d of a pair", (1.0, 0.0), {})])
    (found,) = index.search("alice", (1.0, 0.0), types=["memory"], limit=3)
    assert found.text == "half ? of a pair"


def test_many_threads_share_one_client(emulator: Emulator, index: PineconeIndex) -> None:
    def client(_: int) -> int:
        with index._connected() as found:
            return id(found)

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(client, range(32)))) == 1


def test_vectors_go_out_in_requests_of_a_size_that_pinecone_takes(
    emulator: Emulator, index: PineconeIndex
) -> None:
    texts = [IndexedText(str(number), "exchange", "x" * 40_000, (1 / 3,) * 1_024, {}) for number in range(65)]
    index.upsert("alice", texts)
    assert [len(call["request"]["vectors"]) for call in emulator.calls()] == [32, 32, 1]
