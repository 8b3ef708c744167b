"""What the emulator's file keeps: all that was answered for, also when nobody stopped it in order."""

from pathlib import Path

import pytest

from local.errors import PartFailed
from local.pinecone_emulator.record_file import RecordFile
from local.pinecone_emulator.records import Record, packed
from tests.local.pinecone_emulator.running import running_pinecone

KNEE = Record("knee", packed([1.0, 0.5]), {"text": "Knie \u2028", "n": 1.0, "isPinned": True, "tags": ["a"]})
HIP = Record("hip", packed([0.25, -1.0]), {})


def test_what_was_put_is_loaded(tmp_path: Path) -> None:
    RecordFile(tmp_path / "vectors").put("alice", [KNEE, HIP])
    RecordFile(tmp_path / "vectors").put("bob", [HIP])
    loaded = RecordFile(tmp_path / "vectors").load()
    assert sorted(loaded, key=lambda pair: (pair[0], pair[1].id)) == [
        ("alice", HIP),
        ("alice", KNEE),
        ("bob", HIP),
    ]


def test_what_was_dropped_or_replaced_is_not_loaded(tmp_path: Path) -> None:
    file = RecordFile(tmp_path / "vectors")
    file.put("alice", [KNEE, HIP])
    file.put("alice", [Record("knee", HIP.vector, {})])
    file.drop("alice", ["hip", "never there"])
    assert file.load() == [("alice", Record("knee", HIP.vector, {}))]


def test_a_file_of_another_kind_is_named(tmp_path: Path) -> None:
    (tmp_path / "vectors").write_bytes(b"something else" * 100)
    with pytest.raises(PartFailed, match=r"vectors' does not hold the vectors of a stack .*; remove it"):
        RecordFile(tmp_path / "vectors").load()


def test_another_emulator_on_the_same_file_finds_the_same(tmp_path: Path) -> None:
    vector = {"id": "knee", "values": [1.0, 0.5], "metadata": {"n": 1}}
    with running_pinecone(tmp_path / "vectors") as emulator:
        emulator.http.post("/vectors/upsert", json={"vectors": [vector], "namespace": "alice"})
    with running_pinecone(tmp_path / "vectors") as emulator:
        query = {"topK": 1, "vector": [1.0, 0.5], "namespace": "alice", "includeMetadata": True}
        (found,) = emulator.http.post("/query", json=query).json()["matches"]
    assert (found["id"], found["metadata"]) == ("knee", {"n": 1.0})
