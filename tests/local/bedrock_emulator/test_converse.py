"""Converse through boto3, and what its answer costs."""

import time
from typing import Any

import httpx
import pytest

from tests.local.bedrock_emulator.conftest import Emulator, wait_until_left

MODEL = "us.amazon.nova-micro-v1:0"


def asked(text: str) -> Any:
    return [{"role": "user", "content": [{"text": text}]}]


def converse(emulator: Emulator, text: str, **members: Any) -> Any:
    return emulator.bedrock.converse(modelId=MODEL, messages=asked(text), **members)


def test_a_text_answer_has_bedrocks_members(emulator: Emulator) -> None:
    response = converse(emulator, "/say Hello there")
    assert response["output"] == {"message": {"role": "assistant", "content": [{"text": "Hello there"}]}}
    assert response["stopReason"] == "end_turn"
    assert response["usage"] == {
        "inputTokens": 4,
        "outputTokens": 3,
        "totalTokens": 7,
        "cacheReadInputTokens": 0,
        "cacheWriteInputTokens": 0,
    }
    assert response["metrics"]["latencyMs"] >= 0
    assert len(response["ResponseMetadata"]["RequestId"]) == 36


def test_a_model_id_may_be_an_arn(emulator: Emulator) -> None:
    arn = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-micro-v1:0"
    emulator.bedrock.converse(modelId=arn, messages=asked("/say hi"))
    assert emulator.calls()[0]["modelId"] == arn


def test_an_answer_without_a_tool_takes_its_time(emulator: Emulator) -> None:
    emulator.script(firstTokenMs=100, interTokenMs=50)
    begun = time.monotonic()
    converse(emulator, "/say " + "w " * 10)
    assert 0.15 <= time.monotonic() - begun < 2


def test_a_tool_call_takes_the_routers_time(emulator: Emulator) -> None:
    emulator.script(routerMs=120, firstTokenMs=60_000)
    tool = {"toolSpec": {"name": "route_message", "inputSchema": {"json": {"type": "object"}}}}
    begun = time.monotonic()
    response = converse(emulator, "hello", toolConfig={"tools": [tool]})
    assert 0.12 <= time.monotonic() - begun < 2
    assert 120 <= response["metrics"]["latencyMs"] < 2_000


def test_max_tokens_cuts_the_text(emulator: Emulator) -> None:
    response = converse(emulator, "/say one two three four", inferenceConfig={"maxTokens": 2})
    assert response["output"]["message"]["content"] == [{"text": "one two "}]
    assert response["stopReason"] == "max_tokens"
    assert response["usage"]["outputTokens"] == 2


def test_a_tool_call_cut_by_max_tokens_loses_its_input(emulator: Emulator) -> None:
    schema = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
    tool = {"toolSpec": {"name": "keep", "inputSchema": {"json": schema}}}
    response = converse(
        emulator, "a sentence that is long", toolConfig={"tools": [tool]}, inferenceConfig={"maxTokens": 3}
    )
    assert response["stopReason"] == "max_tokens"
    assert response["output"]["message"]["content"][0]["toolUse"]["input"] == {}


def test_after_a_tool_result_a_free_choice_is_answered_in_words(emulator: Emulator) -> None:
    tool: Any = {"toolSpec": {"name": "weather", "inputSchema": {"json": {"type": "object"}}}}
    messages: Any = [
        {"role": "user", "content": [{"text": "Rain today?"}]},
        {"role": "assistant", "content": [{"toolUse": {"toolUseId": "t1", "name": "weather", "input": {}}}]},
        {"role": "user", "content": [{"toolResult": {"toolUseId": "t1", "content": [{"text": "no"}]}}]},
    ]
    response = emulator.bedrock.converse(
        modelId=MODEL, messages=messages, toolConfig={"tools": [tool], "toolChoice": {"auto": {}}}
    )
    assert response["stopReason"] == "end_turn"
    assert "text" in response["output"]["message"]["content"][0]


def test_a_prefix_is_written_to_the_cache_once_and_read_after_that(emulator: Emulator) -> None:
    prefix = f"{time.time_ns()} " + "You are a coach. " * 300
    system: Any = [{"text": prefix}, {"cachePoint": {"type": "default"}}, {"text": "Be kind."}]
    first = converse(emulator, "/say one", system=system)["usage"]
    second = converse(emulator, "/say two", system=system)["usage"]
    assert first["cacheWriteInputTokens"] == len(prefix) // 4
    assert first["cacheReadInputTokens"] == 0
    assert second["cacheReadInputTokens"] == len(prefix) // 4
    assert second["cacheWriteInputTokens"] == 0
    assert second["inputTokens"] == first["inputTokens"] <= 5
    assert second["totalTokens"] == sum(number for name, number in second.items() if name != "totalTokens")


def test_a_client_that_gives_up_is_logged(emulator: Emulator) -> None:
    emulator.script(firstTokenMs=60_000)
    with httpx.Client(base_url=emulator.url, trust_env=False, timeout=0.1) as http:
        body = {"messages": asked("hello")}
        with pytest.raises(httpx.ReadTimeout):
            http.post("/model/m/converse", json=body, headers={"authorization": "test"})
    assert wait_until_left(emulator)["operation"] == "Converse"


def test_a_call_without_authorization_is_forbidden(emulator: Emulator) -> None:
    response = emulator.http.post("/model/m/converse", json={"messages": asked("hello")})
    assert response.status_code == 403
    assert response.headers["x-amzn-errortype"].startswith("MissingAuthenticationTokenException")
    assert response.headers["x-amzn-requestid"]
    assert response.json() == {"message": "Missing Authentication Token"}
    assert emulator.calls() == []


@pytest.mark.parametrize("path", ["/model/m/converse-twice", "/models", "/", "/model//converse"])
def test_an_unknown_operation_is_not_found(emulator: Emulator, path: str) -> None:
    response = emulator.post(path, {})
    assert response.status_code == 404
    assert response.headers["x-amzn-errortype"].startswith("UnknownOperationException")
