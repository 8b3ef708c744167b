"""Each fault as botocore sees it."""

import time
from contextlib import closing
from typing import Any

import botocore.exceptions as sdk
import httpx
import pytest
from urllib3.exceptions import ProtocolError

from tests.local.bedrock_emulator.conftest import Emulator, wait_until_left

ANSWER_MODEL = "us.anthropic.claude-sonnet-5-5"
ASKED: Any = [{"role": "user", "content": [{"text": "/say one two three"}]}]
ROUTER_SCHEMA: Any = {
    "type": "object",
    "properties": {"userIntent": {"type": "string"}},
    "required": ["userIntent"],
}
ROUTER: Any = {
    "tools": [{"toolSpec": {"name": "route_message", "inputSchema": {"json": ROUTER_SCHEMA}}}],
    "toolChoice": {"tool": {"name": "route_message"}},
}

BROKEN_STREAMS = [
    ("throttlingException", sdk.EventStreamError),
    ("modelStreamErrorException", sdk.EventStreamError),
    ("internalServerException", sdk.EventStreamError),
    ("serviceUnavailableException", sdk.EventStreamError),
    ("validationException", sdk.EventStreamError),
    ("drop", (sdk.ResponseStreamingError, ProtocolError)),
]


def stream(emulator: Emulator) -> Any:
    return emulator.bedrock.converse_stream(modelId=ANSWER_MODEL, messages=ASKED)["stream"]


def converse(emulator: Emulator) -> Any:
    return emulator.bedrock.converse(modelId=ANSWER_MODEL, messages=ASKED)


def route(emulator: Emulator) -> Any:
    return emulator.bedrock.converse(modelId="us.amazon.nova-micro-v1:0", messages=ASKED, toolConfig=ROUTER)


def deltas_of(events: list[Any]) -> list[str]:
    return [event["contentBlockDelta"]["delta"]["text"] for event in events if "contentBlockDelta" in event]


def read_until_broken(events: Any, error: Any) -> tuple[list[str], BaseException]:
    read: list[Any] = []
    with closing(events), pytest.raises(error) as raised:
        read.extend(events)  # keeps what came before the error
    return deltas_of(read), raised.value


@pytest.mark.parametrize("after", [0, 1, 2])
@pytest.mark.parametrize(("kind", "error"), BROKEN_STREAMS)
def test_a_stream_breaks_after_its_deltas(emulator: Emulator, kind: str, error: Any, after: int) -> None:
    emulator.script(fault={"kind": kind, "afterDeltas": after})
    said, raised = read_until_broken(stream(emulator), error)
    assert said == ["one ", "two ", "three"][:after]
    if isinstance(raised, sdk.EventStreamError):
        assert raised.response["Error"]["Code"] == kind
    assert emulator.calls()[0]["deltas"] == after
    assert emulator.calls()[0]["closedEarly"] is False


def test_throttling_before_the_stream_is_an_http_error(emulator: Emulator) -> None:
    emulator.script(fault={"kind": "throttle_before"})
    with pytest.raises(sdk.ClientError) as raised:
        stream(emulator)
    assert raised.value.response["Error"]["Code"] == "ThrottlingException"
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert len(raised.value.response["ResponseMetadata"]["RequestId"]) == 36


@pytest.mark.parametrize(
    ("kind", "code", "status"),
    [
        ("throttle_before", "ThrottlingException", 429),
        ("throttlingException", "ThrottlingException", 429),
        ("modelStreamErrorException", "ModelErrorException", 424),
        ("internalServerException", "InternalServerException", 500),
        ("serviceUnavailableException", "ServiceUnavailableException", 503),
        ("validationException", "ValidationException", 400),
    ],
)
def test_without_a_stream_the_exceptions_are_http_errors(
    emulator: Emulator, kind: str, code: str, status: int
) -> None:
    emulator.script(fault={"kind": kind})
    with pytest.raises(sdk.ClientError) as raised:
        converse(emulator)
    assert raised.value.response["Error"]["Code"] == code
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


def test_a_dropped_converse_is_a_broken_connection(emulator: Emulator) -> None:
    emulator.script(fault={"kind": "drop"})
    with pytest.raises(sdk.ConnectionClosedError):
        converse(emulator)


def test_silence_lasts_until_the_client_leaves(emulator: Emulator) -> None:
    emulator.script(fault={"kind": "silence", "afterDeltas": 1})
    body = {"messages": ASKED}
    headers = {"authorization": "test"}
    with (
        httpx.Client(base_url=emulator.url, trust_env=False, timeout=0.15) as http,
        http.stream("POST", "/model/m/converse-stream", json=body, headers=headers) as response,
        pytest.raises(httpx.ReadTimeout),
    ):
        assert b'"one "' in b"".join(response.iter_raw())
    assert wait_until_left(emulator)["deltas"] == 1


def test_a_stream_may_end_cleanly_without_message_stop(emulator: Emulator) -> None:
    emulator.script(fault={"kind": "no_message_stop", "afterDeltas": 2})
    events = list(stream(emulator))
    assert [next(iter(event)) for event in events] == [
        "messageStart",
        "contentBlockDelta",
        "contentBlockDelta",
    ]


def test_an_empty_answer_stops_at_once(emulator: Emulator) -> None:
    emulator.script(fault={"kind": "empty"})
    events = list(stream(emulator))
    assert [next(iter(event)) for event in events] == ["messageStart", "messageStop", "metadata"]
    assert events[1]["messageStop"]["stopReason"] == "end_turn"
    assert events[2]["metadata"]["usage"]["outputTokens"] == 0


def test_max_tokens_stops_after_its_deltas(emulator: Emulator) -> None:
    emulator.script(fault={"kind": "max_tokens", "afterDeltas": 2})
    events = list(stream(emulator))
    assert deltas_of(events) == ["one ", "two "]
    assert events[-2] == {"messageStop": {"stopReason": "max_tokens"}}
    assert "metadata" in events[-1]


def test_a_guardrail_speaks_its_own_words(emulator: Emulator) -> None:
    emulator.script(fault={"kind": "guardrail_intervened", "afterDeltas": 1, "times": 2})
    events = list(stream(emulator))
    assert "".join(deltas_of(events)) == "one Sorry, I can't help with that."
    assert events[-2] == {"messageStop": {"stopReason": "guardrail_intervened"}}
    response = converse(emulator)
    assert response["stopReason"] == "guardrail_intervened"


def test_a_malformed_tool_is_another_kind_of_garbage_each_time(emulator: Emulator) -> None:
    emulator.script(fault={"kind": "malformed_tool", "times": 5})
    answers = [route(emulator) for _ in range(6)]
    contents = [answer["output"]["message"]["content"][0] for answer in answers]
    assert contents[0]["toolUse"]["input"]["userIntent"] == 42
    assert answers[1]["stopReason"] == "end_turn"
    assert "text" in contents[1]
    assert contents[2]["toolUse"]["input"] == {}
    assert isinstance(contents[3]["toolUse"]["input"], str)
    assert contents[4]["toolUse"]["name"] != "route_message"
    assert contents[5]["toolUse"]["input"] == {"userIntent": "other"}


def test_faults_of_answers_leave_the_router_alone(emulator: Emulator) -> None:
    emulator.script(fault={"kind": "throttle_before", "times": 1})
    assert route(emulator)["stopReason"] == "tool_use"
    with pytest.raises(sdk.ClientError):
        stream(emulator)


def test_a_malformed_tool_leaves_answers_alone(emulator: Emulator) -> None:
    emulator.script(fault={"kind": "malformed_tool"})
    assert deltas_of(list(stream(emulator))) == ["one ", "two ", "three"]
    assert converse(emulator)["stopReason"] == "end_turn"
    assert emulator.http.get("/_emulator/script").json()["fault"]["times"] == 1


def test_an_operation_aims_a_fault_at_the_router(emulator: Emulator) -> None:
    emulator.script(fault={"kind": "throttle_before", "operation": "Converse"})
    assert deltas_of(list(stream(emulator))) == ["one ", "two ", "three"]
    with pytest.raises(sdk.ClientError):
        route(emulator)


def test_times_counts_down_to_normal(emulator: Emulator) -> None:
    emulator.script(fault={"kind": "empty", "times": 2})
    assert [len(deltas_of(list(stream(emulator)))) for _ in range(3)] == [0, 0, 3]
    assert emulator.http.get("/_emulator/script").json()["fault"] is None


def test_times_null_goes_on(emulator: Emulator) -> None:
    emulator.script(fault={"kind": "empty", "times": None})
    assert [len(deltas_of(list(stream(emulator)))) for _ in range(3)] == [0, 0, 0]


def test_the_router_can_be_late(emulator: Emulator) -> None:
    emulator.script(routerMs=60_000, fault={"kind": "silence", "operation": "Converse"})
    begun = time.monotonic()
    body = {"messages": ASKED, "toolConfig": ROUTER}
    with (
        httpx.Client(base_url=emulator.url, trust_env=False, timeout=0.1) as http,
        pytest.raises(httpx.ReadTimeout),
    ):
        http.post("/model/m/converse", json=body, headers={"authorization": "test"})
    assert wait_until_left(emulator)["operation"] == "Converse"
    assert time.monotonic() - begun < 5
