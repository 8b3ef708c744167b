"""What every vector index does, the fake and the adapter: see the port in libs/memory/ports.py."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from libs.memory.ports import IndexedText, IndexedType, Match, VectorIndex
from stream_coach.adapters.pinecone import PineconeIndex
from tests.fakes.index import FakeIndex
from tests.local.pinecone_emulator.running import running_pinecone

ALL: Sequence[IndexedType] = ("memory", "summary", "workout", "exchange")
EAST, NORTH_EAST, NORTH, WEST = (1.0, 0.0), (0.6, 0.8), (0.0, 1.0), (-1.0, 0.0)


@pytest.fixture(scope="module", params=["fake", "pinecone"])
def index(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[VectorIndex]:
    if request.param == "fake":
        yield FakeIndex()
        return
    with running_pinecone(tmp_path_factory.mktemp("pinecone") / "vectors") as emulator:
        pinecone = PineconeIndex(emulator.url, "local", search_timeout_s=5)
        yield pinecone
        pinecone.close()


@pytest.fixture
def user(request: pytest.FixtureRequest) -> str:
    """A person of this test's own."""
    return f"{request.node.originalname}-{request.node.callspec.indices['index']}"


def text(
    text_id: str,
    vector: Sequence[float] = EAST,
    *,
    kind: IndexedType = "memory",
    said: str = "",
    **metadata: Any,
) -> IndexedText:
    return IndexedText(text_id, kind, said or f"text of {text_id}", vector, metadata)


def search(
    index: VectorIndex, user: str, *, types: Sequence[IndexedType] = ALL, limit: int = 10
) -> list[Match]:
    return index.search(user, EAST, types=types, limit=limit)


def ids(matches: Sequence[Match]) -> list[str]:
    return [match.id for match in matches]


def test_nothing_is_found_where_nothing_is(index: VectorIndex, user: str) -> None:
    assert search(index, user) == []


def test_a_text_comes_back_as_it_was_written(index: VectorIndex, user: str) -> None:
    said = 'Knie schmerzt 🏋️ \u2028 "tief"\n\t\\'
    metadata: dict[str, Any] = {
        "coachId": "atlas",
        "importance": 3,
        "weight": 0.25,
        "isPinned": True,
        "empty": "",
    }
    index.upsert(user, [text("a", kind="summary", said=said, **metadata)])
    (found,) = search(index, user)
    assert (found.id, found.type, found.text) == ("a", "summary", said)
    assert found.similarity == pytest.approx(1.0)
    assert found.metadata == metadata
    assert found.metadata["isPinned"] is True


def test_the_nearest_come_first_with_their_cosine(index: VectorIndex, user: str) -> None:
    index.upsert(user, [text("w", WEST), text("n", NORTH), text("e", (7.0, 0.0)), text("ne", NORTH_EAST)])
    found = search(index, user)
    assert ids(found) == ["e", "ne", "n", "w"]
    assert [match.similarity for match in found] == pytest.approx([1.0, 0.6, 0.0, -1.0], abs=1e-6)


def test_a_limit_keeps_the_nearest(index: VectorIndex, user: str) -> None:
    index.upsert(user, [text("n", NORTH), text("e", EAST), text("ne", NORTH_EAST)])
    assert ids(search(index, user, limit=2)) == ["e", "ne"]
    assert search(index, user, limit=0) == []


def test_only_the_wanted_types_are_found(index: VectorIndex, user: str) -> None:
    index.upsert(user, [text(kind, NORTH_EAST, kind=kind) for kind in ALL])
    assert set(ids(search(index, user, types=["workout", "exchange"]))) == {"workout", "exchange"}
    assert ids(search(index, user, types=["memory"], limit=1)) == ["memory"]
    assert search(index, user, types=[]) == []


def test_the_same_id_again_takes_the_place_of_what_was_there(index: VectorIndex, user: str) -> None:
    index.upsert(user, [text("a", EAST, said="old", tag="old", gone=1)])
    index.upsert(user, [text("a", NORTH, kind="workout", said="new", tag="new")])
    (found,) = search(index, user)
    assert (found.type, found.text, dict(found.metadata)) == ("workout", "new", {"tag": "new"})
    assert found.similarity == pytest.approx(0.0, abs=1e-6)


def test_nobody_finds_or_deletes_what_is_another_persons(index: VectorIndex, user: str) -> None:
    other = f"{user}-2"
    index.upsert(user, [text("a", said="mine")])
    index.upsert(other, [text("a", said="theirs"), text("b")])
    index.delete(user, ["b"])
    assert [match.text for match in search(index, user)] == ["mine"]
    index.delete_all(user)
    assert search(index, user) == []
    assert sorted(ids(search(index, other))) == ["a", "b"]


def test_what_is_deleted_is_not_found(index: VectorIndex, user: str) -> None:
    index.upsert(user, [text("a"), text("b"), text("c")])
    index.delete(user, ["a", "c", "never there"])
    assert ids(search(index, user)) == ["b"]


def test_texts_are_deleted_by_what_their_metadata_say(index: VectorIndex, user: str) -> None:
    other = f"{user}-2"
    for person in (user, other):
        index.upsert(person, [text("a", place="x"), text("b", place="y"), text("c"), text("d", place="x")])
    index.delete_where(user, "place", "x")
    assert set(ids(search(index, user))) == {"b", "c"}
    assert len(search(index, other)) == 4


def test_deleting_where_nothing_is_does_nothing(index: VectorIndex, user: str) -> None:
    index.delete(user, ["a"])
    index.delete(user, [])
    index.delete_where(user, "place", "x")
    index.delete_all(user)
    index.upsert(user, [])
    assert search(index, user) == []


def test_a_long_text_comes_back_by_its_beginning_at_least(index: VectorIndex, user: str) -> None:
    long = "a" + "ü🏋" * 20_000
    index.upsert(user, [text("a", said=long)])
    (found,) = search(index, user)
    assert long.startswith(found.text)
    assert len(found.text) > 9_000


def test_more_texts_than_fit_one_request_are_all_there(index: VectorIndex, user: str) -> None:
    many = [text(f"t{number:04}") for number in range(1_100)]
    index.upsert(user, many)
    assert sorted(ids(search(index, user, limit=2_000))) == ids_of(many)
    index.delete(user, [one.id for one in many[1:]])
    assert ids(search(index, user)) == ["t0000"]


def ids_of(texts: Sequence[IndexedText]) -> list[str]:
    return [one.id for one in texts]


def test_many_threads_may_write_and_search_at_once(index: VectorIndex, user: str) -> None:
    def write(number: int) -> list[Match]:
        index.upsert(user, [text(str(number))])
        return search(index, user)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(write, range(16)))
    assert all(found)
    assert sorted(ids(search(index, user, limit=99))) == sorted(map(str, range(16)))
