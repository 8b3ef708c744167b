"""What Bedrock would refuse is refused here; sent raw, because the SDK would not let some of it through."""

from typing import Any

import pytest

from tests.local.bedrock_emulator.conftest import Emulator

SONNET = "us.anthropic.claude-sonnet-5-5"
HAIKU = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
NOVA = "us.amazon.nova-micro-v1:0"
USER = {"role": "user", "content": [{"text": "hi"}]}
ASSISTANT = {"role": "assistant", "content": [{"text": "hello"}]}
TOOL = {"toolSpec": {"name": "t", "inputSchema": {"json": {"type": "object"}}}}
TOOL_USE = {"role": "assistant", "content": [{"toolUse": {"toolUseId": "1", "name": "t", "input": {}}}]}
TOOL_RESULT = {"role": "user", "content": [{"toolResult": {"toolUseId": "1", "content": [{"text": "x"}]}}]}


def said(*blocks: Any, role: str = "user") -> dict[str, Any]:
    return {"messages": [{"role": role, "content": list(blocks)}]}


def chosen(choice: dict[str, Any], *tools: Any) -> dict[str, Any]:
    return {"messages": [USER], "toolConfig": {"tools": list(tools or (TOOL,)), "toolChoice": choice}}


REFUSED = [
    (NOVA, b"{not json", "not JSON"),
    (NOVA, b"\xff", "not JSON"),
    (NOVA, b'{"messages": "\\ud800"}', "not JSON"),
    (NOVA, b"[" * 10_000, "not JSON"),
    (NOVA, b'{"inferenceConfig": {"temperature": NaN}}', "not JSON"),
    (NOVA, [], "Value at 'body'"),
    (NOVA, {}, "must start with a user message"),
    (NOVA, {"messages": []}, "must start with a user message"),
    (NOVA, {"messages": [ASSISTANT, USER]}, "must start with a user message"),
    (NOVA, {"messages": [USER, USER]}, "must alternate"),
    (NOVA, {"messages": [USER, ASSISTANT, ASSISTANT]}, "must alternate"),
    (NOVA, {"messages": "hi"}, "Value at 'messages'"),
    (NOVA, {"messages": [{"role": "system", "content": [{"text": "x"}]}]}, "Value at 'messages.0.role'"),
    (NOVA, {"messages": [{"role": "user", "content": "hi"}]}, "Value at 'messages.0.content'"),
    (NOVA, said(), "content field in the Message object at messages.0 is empty"),
    (NOVA, said({"text": ""}), "messages.0.content.0 is blank"),
    (NOVA, said({"text": "x"}, {"text": " \n"}), "messages.0.content.1 is blank"),
    (NOVA, said({"text": 5}), "Value at 'messages.0.content.0.text'"),
    (NOVA, said({}), "exactly one member"),
    (NOVA, said({"text": "x", "image": {}}), "exactly one member"),
    (NOVA, said({"txt": "x"}), "Value at 'messages.0.content.0.txt'"),
    (NOVA, {"messages": [USER], "system": [{"text": " "}]}, "system.0 is blank"),
    (NOVA, {"messages": [USER], "system": "be kind"}, "Value at 'system'"),
    (NOVA, {"messages": [USER], "inferenceConfig": {"maxTokens": 0}}, "Value at 'inferenceConfig.maxTokens'"),
    (NOVA, {"messages": [USER], "inferenceConfig": {"maxTokens": "9"}}, "'inferenceConfig.maxTokens'"),
    (NOVA, {"messages": [USER], "inferenceConfig": {"temperature": 2}}, "'inferenceConfig.temperature'"),
    (NOVA, {"messages": [USER], "inferenceConfig": {"max_tokens": 5}}, "'inferenceConfig.max_tokens'"),
    (NOVA, {"messages": [USER], "temperature": 0.5}, "Value at 'temperature'"),
    (NOVA, {"messages": [USER], "toolConfig": {"tools": []}}, "Value at 'toolConfig.tools'"),
    (NOVA, chosen({"tool": {"name": "u"}}), "The tool u in toolConfig.toolChoice.tool is not among"),
    (NOVA, chosen({"auto": {}}, TOOL, TOOL), "the tool name t more than once"),
    (NOVA, chosen({"auto": {}, "any": {}}), "exactly one member"),
    (NOVA, {"messages": [USER, TOOL_USE, TOOL_RESULT]}, "toolConfig field must be defined"),
    (NOVA, {"messages": [USER, TOOL_USE, USER], "toolConfig": {"tools": [TOOL]}}, "for the following Ids: 1"),
    (NOVA, {"messages": [TOOL_RESULT], "toolConfig": {"tools": [TOOL]}}, "exceeds the number of toolUse"),
    (SONNET, {"messages": [USER], "inferenceConfig": {"temperature": 0.7}}, "`temperature` is not supported"),
    (SONNET, {"messages": [USER], "inferenceConfig": {"topP": 0.9}}, "`top_p` is not supported"),
    (SONNET, {"messages": [USER], "additionalModelRequestFields": {"top_k": 5}}, "`top_k` is not supported"),
    (SONNET, chosen({"tool": {"name": "t"}}), "doesn't support the toolConfig.toolChoice.tool field"),
    (SONNET, chosen({"any": {}}), "doesn't support the toolConfig.toolChoice.any field"),
    (SONNET, {"messages": [USER, ASSISTANT]}, "does not support assistant message prefill"),
    (HAIKU, {"messages": [USER], "inferenceConfig": {"temperature": 0.7, "topP": 0.9}}, "cannot both"),
    (
        HAIKU,
        {"messages": [USER, {"role": "assistant", "content": [{"text": "So "}]}]},
        "cannot end with trailing whitespace",
    ),
]

TAKEN = [
    (NOVA, {"messages": [USER], "inferenceConfig": {"temperature": 0, "topP": 0.9, "maxTokens": 5}}),
    (NOVA, {"messages": [USER, ASSISTANT]}),
    (NOVA, chosen({"tool": {"name": "t"}})),
    (NOVA, chosen({"any": {}})),
    (NOVA, {"messages": [USER, TOOL_USE, TOOL_RESULT], "toolConfig": {"tools": [TOOL]}}),
    (NOVA, said({"text": "x"}, {"cachePoint": {"type": "default"}})),
    (HAIKU, {"messages": [USER], "inferenceConfig": {"temperature": 0.7}}),
    (SONNET, {"messages": [USER], "inferenceConfig": {"maxTokens": 5, "stopSequences": ["x"]}}),
    (SONNET, chosen({"auto": {}})),
    ("some.model-nobody-knows", {"messages": [USER], "inferenceConfig": {"temperature": 1}}),
]


@pytest.mark.parametrize("path", ["converse", "converse-stream"])
@pytest.mark.parametrize(("model", "body", "complaint"), REFUSED)
def test_a_wrong_request_is_refused(
    emulator: Emulator, model: str, body: Any, complaint: str, path: str
) -> None:
    response = emulator.post(f"/model/{model}/{path}", body)
    assert response.status_code == 400
    assert response.headers["x-amzn-errortype"].partition(":")[0] == "ValidationException"
    assert list(response.json()) == ["message"]
    assert complaint in response.json()["message"]


@pytest.mark.parametrize(("model", "body"), TAKEN)
def test_a_right_request_is_taken(emulator: Emulator, model: str, body: Any) -> None:
    response = emulator.post(f"/model/{model}/converse", body)
    assert response.status_code == 200, response.text


def test_a_refused_call_is_logged(emulator: Emulator) -> None:
    emulator.post(f"/model/{NOVA}/converse", {"messages": []})
    (call,) = emulator.calls()
    assert (call["operation"], call["request"], call["deltas"]) == ("Converse", {"messages": []}, 0)
