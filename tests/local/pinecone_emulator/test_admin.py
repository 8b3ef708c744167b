"""The emulator's script and its log of calls."""

import time
from typing import Any

import httpx
import pytest

from tests.local.pinecone_emulator.running import Emulator

QUERY = {"topK": 1, "vector": [1.0, 2.0]}


def query(emulator: Emulator) -> httpx.Response:
    return emulator.http.post("/query", json=QUERY)


def test_a_script_is_read_back(emulator: Emulator) -> None:
    assert emulator.http.get("/_emulator/script").json() == {"delayMs": 0, "fault": None, "times": None}
    emulator.script(delayMs=1, fault="down", times=2)
    assert emulator.http.get("/_emulator/script").json() == {"delayMs": 1, "fault": "down", "times": 2}


@pytest.mark.parametrize("script", [{"fault": "up"}, {"delayMs": -1}, {"times": 0}, {"delay": 1}, []])
def test_a_script_that_does_not_fit_is_refused(emulator: Emulator, script: Any) -> None:
    emulator.script(delayMs=1)
    assert emulator.http.put("/_emulator/script", json=script).status_code == 400
    assert emulator.http.get("/_emulator/script").json()["delayMs"] == 1


def test_a_fault_hits_as_often_as_it_says(emulator: Emulator) -> None:
    emulator.script(fault="error500", times=2)
    assert [query(emulator).status_code for _ in range(3)] == [500, 500, 200]
    emulator.script(fault="error429", times=1)
    assert [query(emulator).status_code for _ in range(2)] == [429, 200]


def test_a_fault_without_times_stays(emulator: Emulator) -> None:
    emulator.script(fault="error500")
    assert [query(emulator).status_code for _ in range(3)] == [500, 500, 500]
    emulator.script()
    assert query(emulator).status_code == 200


def test_down_means_that_the_connection_breaks(emulator: Emulator) -> None:
    emulator.script(fault="down", times=1)
    with pytest.raises(httpx.TransportError):
        query(emulator)
    assert query(emulator).status_code == 200


def test_garbage_comes_with_status_200(emulator: Emulator) -> None:
    emulator.script(fault="garbage")
    first, second = query(emulator), query(emulator)
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.content != second.content


def test_a_fault_changes_nothing(emulator: Emulator) -> None:
    emulator.script(fault="garbage", times=1)
    emulator.http.post("/vectors/upsert", json={"vectors": [{"id": "a", "values": [1.0]}]})
    assert emulator.http.post("/describe_index_stats", json={}).json()["totalVectorCount"] == 0


def test_an_answer_waits_as_long_as_it_is_told(emulator: Emulator) -> None:
    emulator.script(delayMs=50)
    start_s = time.monotonic()
    query(emulator)
    assert time.monotonic() - start_s >= 0.05


def test_calls_are_logged_without_their_vectors(emulator: Emulator) -> None:
    body = {
        "vectors": [{"id": "a", "values": [1.0, 2.0], "metadata": {"text": "knee"}}],
        "namespace": "alice",
    }
    emulator.http.post("/vectors/upsert", json=body)
    emulator.http.get("/vectors/fetch", params={"ids": ["a", "b"], "namespace": "alice"})
    emulator.http.post("/vectors/upsert", json={"nothing": True})
    upsert, fetch, refused = emulator.calls()
    assert upsert["request"]["vectors"] == [{"id": "a", "values": "2 numbers", "metadata": {"text": "knee"}}]
    assert (fetch["operation"], fetch["request"]) == (
        "GET /vectors/fetch",
        {"ids": ["a", "b"], "namespace": "alice"},
    )
    assert refused["request"] == {"nothing": True}


def test_calls_are_forgotten_on_request(emulator: Emulator) -> None:
    query(emulator)
    emulator.http.delete("/_emulator/calls")
    assert emulator.calls() == []


@pytest.mark.parametrize(
    ("method", "path", "status"), [("POST", "/_emulator/script", 405), ("GET", "/_emulator/other", 404)]
)
def test_other_admin_requests_are_refused(emulator: Emulator, method: str, path: str, status: int) -> None:
    assert emulator.http.request(method, path).status_code == status
