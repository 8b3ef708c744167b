"""`/_emulator/…`: the script and the calls, as tests from outside use them."""

import time
from typing import Any

import pytest

from local.bedrock_emulator.calls import CallLog
from tests.local.bedrock_emulator.conftest import Emulator

DEFAULTS = {
    "routerMs": 250,
    "firstTokenMs": 600,
    "interTokenMs": 25,
    "reply": None,
    "router": None,
    "fault": None,
}


def test_what_a_script_leaves_out_returns_to_its_default(emulator: Emulator) -> None:
    emulator.script(reply="hello", fault={"kind": "drop"})
    response = emulator.http.put("/_emulator/script", json={})
    assert response.status_code == 200
    assert response.json() == DEFAULTS
    assert emulator.http.get("/_emulator/script").json() == DEFAULTS


def test_a_script_is_answered_with_what_is_in_force(emulator: Emulator) -> None:
    script = emulator.script(interTokenMs=0.5, fault={"kind": "drop"}, router={"userIntent": "other"})
    assert script == DEFAULTS | {
        "routerMs": 0,
        "firstTokenMs": 0,
        "interTokenMs": 0.5,
        "router": {"userIntent": "other"},
        "fault": {"kind": "drop", "afterDeltas": 0, "times": 1, "operation": None},
    }


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        (b"{", "script: Invalid JSON"),
        ([], "script: "),
        ({"routerMs": -1}, "routerMs"),
        ({"routerMs": "fast"}, "routerMs"),
        ({"reply": 5}, "reply: Input should be a valid string"),
        ({"delay": 5}, "delay: Extra inputs are not permitted"),
        ({"fault": {"kind": "explode"}}, "fault.kind: Input should be"),
        ({"fault": {}}, "fault.kind: Field required"),
        ({"fault": {"kind": "drop", "times": 0}}, "fault.times"),
        ({"fault": {"kind": "drop", "afterDeltas": -1}}, "fault.afterDeltas"),
        ({"fault": {"kind": "drop", "operation": "Invoke"}}, "fault.operation"),
    ],
)
def test_a_wrong_script_is_refused_and_the_old_one_stays(
    emulator: Emulator, script: Any, complaint: str
) -> None:
    before = emulator.script(reply="stays")
    response = emulator.http.put(
        "/_emulator/script", **({"content": script} if isinstance(script, bytes) else {"json": script})
    )
    assert response.status_code == 400
    assert complaint in response.json()["message"]
    assert emulator.http.get("/_emulator/script").json() == before


def test_calls_are_listed_in_order_with_their_requests(emulator: Emulator) -> None:
    begun = time.time()
    messages: Any = [{"role": "user", "content": [{"text": "/say one two"}]}]
    emulator.bedrock.converse(modelId="m", messages=messages)
    list(emulator.bedrock.converse_stream(modelId="n", messages=messages)["stream"])
    first, second = emulator.calls()
    assert begun <= first.pop("startedAt") <= second.pop("startedAt") <= time.time()
    assert first == {
        "operation": "Converse",
        "modelId": "m",
        "deltas": 0,
        "closedEarly": False,
        "request": {"messages": messages},
    }
    assert (second["operation"], second["modelId"], second["deltas"]) == ("ConverseStream", "n", 2)


def test_calls_can_be_cleared(emulator: Emulator) -> None:
    emulator.post("/model/m/converse", {})
    response = emulator.http.delete("/_emulator/calls")
    assert response.status_code == 204
    assert emulator.calls() == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("POST", "/_emulator/script", 405), ("PUT", "/_emulator/calls", 405), ("GET", "/_emulator/other", 404)],
)
def test_other_admin_requests_are_refused(emulator: Emulator, method: str, path: str, status: int) -> None:
    assert emulator.http.request(method, path).status_code == status


def test_the_oldest_calls_are_dropped() -> None:
    log = CallLog(clock=lambda: 0.0, max_calls=3, max_request_bytes=100)
    for number in range(5):
        log.begin("Converse", str(number), {}, request_bytes=10)
    assert [call["modelId"] for call in log.to_json()] == ["2", "3", "4"]
    log.begin("Converse", "5", {}, request_bytes=85)
    assert [call["modelId"] for call in log.to_json()] == ["4", "5"]
