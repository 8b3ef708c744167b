"""What the template lets the functions do: on the table, the queue and the models, and nothing else."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

import pytest

from tests.translated_template import NO_VALUE, evaluate, translated

MODEL_ARNS = {
    "us.anthropic.claude-sonnet-5-5": "anthropic.claude-sonnet-5-5",
    "global.anthropic.claude-sonnet-5-5": "anthropic.claude-sonnet-5-5",
    "us.amazon.nova-micro-v1:0": "amazon.nova-micro-v1:0",
    "amazon.nova-micro-v1:0": "amazon.nova-micro-v1:0",
    "us.openai.gpt-5.4": "openai.gpt-5.4",
    "zai.glm-4.6": "zai.glm-4.6",
}


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    return translated()


@pytest.fixture(scope="module")
def statements(resources: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What both functions may do."""
    policy = resources["TurnPolicy"]["Properties"]["PolicyDocument"]
    return {item["Sid"]: item for item in policy["Statement"]}


def test_both_functions_may_run_turns_and_only_the_worker_may_take_them(resources: dict[str, Any]) -> None:
    function, worker = (
        resources[name]["Properties"] for name in ("StreamCoachFunctionRole", "TurnWorkerRole")
    )
    assert resources["TurnWorkerFunction"]["Properties"]["Role"] == {"Fn::GetAtt": ["TurnWorkerRole", "Arn"]}
    assert function["ManagedPolicyArns"][1:] == worker["ManagedPolicyArns"][1:] == [{"Ref": "TurnPolicy"}]
    assert "Policies" not in function
    (policy,) = worker["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
    assert statement["Resource"] == {"Fn::GetAtt": ["TurnQueue", "Arn"]}


def test_the_functions_may_do_only_what_a_turn_needs(statements: dict[str, dict[str, Any]]) -> None:
    assert {sid: item["Action"] for sid, item in statements.items()} == {
        "Items": [
            "dynamodb:BatchGetItem",
            "dynamodb:BatchWriteItem",
            "dynamodb:ConditionCheckItem",
            "dynamodb:DeleteItem",
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:Query",
            "dynamodb:UpdateItem",
        ],
        "Index": "dynamodb:Query",
        "Queue": "sqs:SendMessage",
        "Models": ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"],
        "Embeddings": "bedrock:InvokeModel",
    }
    assert statements["Items"]["Resource"] == {"Fn::GetAtt": ["Table", "Arn"]}
    assert statements["Index"]["Resource"] == {"Fn::Sub": "${Table.Arn}/index/GSI1"}
    assert statements["Queue"]["Resource"] == {"Fn::GetAtt": ["TurnQueue", "Arn"]}


def test_the_functions_may_call_the_embedding_model_of_their_region(
    statements: dict[str, dict[str, Any]],
) -> None:
    names = {
        "AWS::Partition": "aws",
        "AWS::Region": "us-east-1",
        "EmbeddingModelId": "amazon.titan-embed-text-v2:0",
    }
    arn = "arn:aws:bedrock:us-east-1::foundation-model/amazon.titan-embed-text-v2:0"
    assert evaluate(statements["Embeddings"]["Resource"], names) == arn


@pytest.mark.parametrize(("model_id", "foundation_model"), MODEL_ARNS.items())
def test_the_functions_may_call_the_chosen_models_wherever_their_profile_leads(
    statements: dict[str, dict[str, Any]], model_id: str, foundation_model: str
) -> None:
    allowed = model_patterns(statements, model_id)
    assert is_allowed(f"arn:aws:bedrock:eu-west-1::foundation-model/{foundation_model}", allowed)
    assert is_allowed(f"arn:aws:bedrock:::foundation-model/{foundation_model}", allowed)
    assert is_allowed(f"arn:aws:bedrock:us-east-1:123456789012:inference-profile/{model_id}", allowed)


@pytest.mark.parametrize("model_id", MODEL_ARNS)
def test_the_functions_may_call_no_other_model(statements: dict[str, dict[str, Any]], model_id: str) -> None:
    allowed = model_patterns(statements, model_id, fallback_model_id=model_id)
    assert not is_allowed("arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-opus-5", allowed)
    assert not is_allowed("arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0", allowed)
    assert not is_allowed(
        "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-pro-v1:0", allowed
    )


@pytest.mark.parametrize("role", ["fallback_model_id", "chat_model_id"])
@pytest.mark.parametrize(("model_id", "foundation_model"), MODEL_ARNS.items())
def test_a_model_that_may_be_named_besides_may_be_called_too(
    statements: dict[str, dict[str, Any]], model_id: str, foundation_model: str, role: str
) -> None:
    arn = f"arn:aws:bedrock:eu-west-1::foundation-model/{foundation_model}"
    assert is_allowed(arn, model_patterns(statements, "x.other", **{role: model_id}))
    assert not is_allowed(arn, model_patterns(statements, "x.other"))


def test_without_a_fallback_model_there_is_no_permission_for_one(
    statements: dict[str, dict[str, Any]],
) -> None:
    with_one = model_patterns(statements, "us.amazon.nova-micro-v1:0", fallback_model_id="zai.glm-4.6")
    assert len(with_one) == 6
    assert len(model_patterns(statements, "us.amazon.nova-micro-v1:0")) == 4


def model_patterns(
    statements: Mapping[str, Any], model_id: str, *, fallback_model_id: str = "", chat_model_id: str = ""
) -> list[str]:
    """Return the resources of the statement Models when both other parameters are `model_id`."""
    names = {
        "AWS::Partition": "aws",
        "AWS::AccountId": "123456789012",
        "AnswerModelId": model_id,
        "RouterModelId": model_id,
        "FallbackModelId": fallback_model_id,
        "ChatModelId": chat_model_id,
    }
    found = [evaluate(resource, names) for resource in statements["Models"]["Resource"]]
    return [pattern for pattern in found if pattern != NO_VALUE]


def is_allowed(arn: str, patterns: list[str]) -> bool:
    return any(fnmatchcase(arn, pattern) for pattern in patterns)
