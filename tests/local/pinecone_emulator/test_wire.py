"""The emulator's wire: the official SDK on one side of it, and what the SDK would not send."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import pinecone
import pytest

from tests.local.pinecone_emulator.running import Emulator


@pytest.fixture
def index(emulator: Emulator) -> Iterator[pinecone.Index]:
    with closing(pinecone.Pinecone(api_key="local").index(host=emulator.url)) as index:
        yield index


def vectors(*ids: str) -> list[dict[str, Any]]:
    return [{"id": one, "values": [1.0, 0.5], "metadata": {"n": place}} for place, one in enumerate(ids)]


def post(emulator: Emulator, path: str, body: Any) -> httpx.Response:
    return emulator.http.post(path, json=body)


def test_the_sdk_finds_what_it_wrote(index: pinecone.Index) -> None:
    assert index.upsert(vectors=vectors("a", "b"), namespace="alice").upserted_count == 2
    answer = index.query(
        vector=[1.0, 0.5],
        top_k=1,
        namespace="alice",
        filter={"n": 1},
        include_metadata=True,
        include_values=True,
    )
    assert answer.namespace == "alice"
    (found,) = answer.matches
    assert (found.id, found.values, found.metadata) == ("b", [1.0, 0.5], {"n": 1.0})
    assert found.score == pytest.approx(1.0)


def test_values_and_metadata_come_only_when_asked_for(index: pinecone.Index) -> None:
    index.upsert(vectors=vectors("a"), namespace="alice")
    (found,) = index.query(vector=[1.0, 0.5], top_k=1, namespace="alice").matches
    assert (found.values, found.metadata) == ([], None)


def test_a_stored_vector_may_be_the_query(index: pinecone.Index) -> None:
    index.upsert(vectors=vectors("a"), namespace="alice")
    assert [match.id for match in index.query(id="a", top_k=3, namespace="alice").matches] == ["a"]
    assert index.query(id="b", top_k=3, namespace="alice").matches == []


def test_vectors_are_fetched_by_id(index: pinecone.Index) -> None:
    index.upsert(vectors=vectors("a", "b"), namespace="alice")
    fetched = index.fetch(ids=["a", "c"], namespace="alice").vectors
    assert {name: vector.metadata for name, vector in fetched.items()} == {"a": {"n": 0.0}}
    assert index.fetch(ids=["a"], namespace="bob").vectors == {}


def test_ids_are_listed_in_pages(index: pinecone.Index) -> None:
    index.upsert(vectors=vectors("m1", "m3", "m2", "w1"), namespace="alice")
    pages = list(index.list(prefix="m", limit=2, namespace="alice"))
    assert [[item.id for item in page.vectors] for page in pages] == [["m1", "m2"], ["m3"]]
    assert list(index.list(namespace="bob")) == []


def test_stats_count_by_namespace_and_tell_the_dimension(index: pinecone.Index) -> None:
    assert index.describe_index_stats().dimension is None
    index.upsert(vectors=vectors("a", "b"), namespace="alice")
    index.upsert(vectors=vectors("a"))
    stats = index.describe_index_stats()
    counts = {name: summary.vector_count for name, summary in stats.namespaces.items()}
    assert counts == {"alice": 2, "__default__": 1}
    assert (stats.dimension, stats.total_vector_count, stats.metric) == (2, 3, "cosine")


def test_vectors_are_deleted_by_id_by_filter_or_all(index: pinecone.Index) -> None:
    index.upsert(vectors=vectors("a", "b", "c", "d"), namespace="alice")
    index.delete(ids=["a"], namespace="alice")
    index.delete(filter={"n": {"$gte": 3}}, namespace="alice")
    assert sorted(index.fetch(ids=["a", "b", "c", "d"], namespace="alice").vectors) == ["b", "c"]
    index.delete(delete_all=True, namespace="alice")
    assert index.describe_index_stats().namespaces == {}


def test_a_namespace_without_vectors_is_not_found(index: pinecone.Index) -> None:
    with pytest.raises(pinecone.NotFoundError, match="Namespace not found"):
        index.delete(delete_all=True, namespace="alice")


def test_an_empty_index_takes_vectors_of_another_length(index: pinecone.Index) -> None:
    index.upsert(vectors=vectors("a"), namespace="alice")
    index.delete(ids=["a"], namespace="alice")
    index.upsert(vectors=[("a", [1.0, 2.0, 3.0])], namespace="alice")
    assert index.describe_index_stats().dimension == 3


def test_without_a_key_nothing_is_answered(emulator: Emulator) -> None:
    response = httpx.post(f"{emulator.url}/query", json={"topK": 1, "vector": [1.0]}, trust_env=False)
    assert (response.status_code, response.json()["message"]) == (401, "Invalid API Key")


@pytest.mark.parametrize(
    ("path", "body", "complaint"),
    [
        ("/vectors/upsert", {}, "vectors"),
        ("/vectors/upsert", {"vectors": []}, "vectors"),
        ("/vectors/upsert", {"vectors": vectors("é")}, "vectors.0.id: must hold ASCII"),
        ("/vectors/upsert", {"vectors": [{"id": "a", "values": []}]}, "vectors.0.values"),
        ("/vectors/upsert", {"vectors": [{"id": "a", "values": [0, 0.0]}]}, "at least one non-zero value"),
        ("/vectors/upsert", {"vectors": [{"id": "a", "values": ["x"]}]}, "vectors.0.values.0"),
        ("/vectors/upsert", {"vectors": [{"id": "a", "values": [1e39]}]}, "vectors.0.values.0"),
        (
            "/vectors/upsert",
            {"vectors": [{"id": "a", "values": [1, 2, 3]}]},
            "Vector dimension 3 does not match the dimension of the index 2",
        ),
        (
            "/vectors/upsert",
            {"vectors": [{"id": "a", "values": [1, 2], "metadata": {"text": "x" * 40_950}}]},
            "metadata size is 40961 bytes, which exceeds the limit of 40960 bytes per vector",
        ),
        (
            "/vectors/upsert",
            {"vectors": [{"id": "a", "values": [1, 2], "metadata": {"a": {"b": 1}}}]},
            "the metadata field 'a'",
        ),
        (
            "/vectors/upsert",
            {"vectors": [{"id": "a", "values": [1, 2], "metadata": {"$a": 1}}]},
            "the metadata field '$a'",
        ),
        ("/vectors/upsert", {"vectors": vectors("a"), "namspace": "alice"}, "namspace"),
        ("/query", {"vector": [1, 2]}, "topK"),
        ("/query", {"topK": 0, "vector": [1, 2]}, "topK"),
        ("/query", {"topK": 10_001, "vector": [1, 2]}, "topK"),
        ("/query", {"topK": 1}, "one of vector and id"),
        ("/query", {"topK": 1, "vector": [1, 2], "id": "a"}, "one of vector and id"),
        ("/query", {"topK": 1, "vector": [1, 2, 3]}, "Vector dimension 3"),
        ("/query", {"topK": 1, "vector": [1, 2], "filter": {"a": {"$like": "b"}}}, "$like"),
        ("/vectors/delete", {"namespace": "alice"}, "exactly one of"),
        ("/vectors/delete", {"ids": ["a"], "deleteAll": True, "namespace": "alice"}, "exactly one of"),
        ("/vectors/delete", {"ids": ["a"] * 1_001, "namespace": "alice"}, "ids"),
        ("/vectors/delete", {"filter": {}, "namespace": "alice"}, "filter"),
        ("/describe_index_stats", {"filter": {"a": 1}}, "filter"),
    ],
)
def test_what_pinecone_refuses_is_refused(emulator: Emulator, path: str, body: Any, complaint: str) -> None:
    post(emulator, "/vectors/upsert", {"vectors": vectors("a"), "namespace": "alice"})
    response = post(emulator, path, body)
    assert (response.status_code, response.json()["code"]) == (400, 3)
    assert complaint in response.json()["message"]


def test_a_refused_request_changes_nothing(emulator: Emulator) -> None:
    mixed = [*vectors("a"), {"id": "b", "values": [1.0]}]
    assert post(emulator, "/vectors/upsert", {"vectors": mixed}).status_code == 400
    assert post(emulator, "/describe_index_stats", {}).json()["totalVectorCount"] == 0


def test_a_body_that_is_too_large_is_refused(emulator: Emulator) -> None:
    response = emulator.http.post("/vectors/upsert", content=b" " * (2 * 1024 * 1024 + 1))
    assert response.status_code == 413


def test_a_body_that_is_no_json_is_refused(emulator: Emulator) -> None:
    assert emulator.http.post("/query", content=b"{").status_code == 400


def test_what_is_not_emulated_says_so(emulator: Emulator) -> None:
    response = post(emulator, "/vectors/update", {})
    assert (response.status_code, response.json()["message"]) == (404, "POST /vectors/update is not emulated")


def test_null_metadata_is_dropped(index: pinecone.Index) -> None:
    index.upsert(vectors=[("a", [1.0, 2.0], {"b": None, "c": 1})], namespace="alice")
    assert index.fetch(ids=["a"], namespace="alice").vectors["a"].metadata == {"c": 1.0}
