"""template.yaml as CloudFormation gets it: the SAM translator's output, made without AWS."""

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from samtranslator.translator.transform import transform

from local.template import load_template

ROOT = Path(__file__).resolve().parent.parent
SOURCE = load_template(ROOT / "template.yaml").body
PARAMETERS = {
    "TokenIssuer": "https://issuer.example",
    "TokenAudience": "audience",
    "JwksUrl": "https://issuer.example/keys",
}
MODEL_ARNS = {
    "us.anthropic.claude-sonnet-5-5": "anthropic.claude-sonnet-5-5",
    "global.anthropic.claude-sonnet-5-5": "anthropic.claude-sonnet-5-5",
    "us.amazon.nova-micro-v1:0": "amazon.nova-micro-v1:0",
    "amazon.nova-micro-v1:0": "amazon.nova-micro-v1:0",
    "us.openai.gpt-5.4": "openai.gpt-5.4",
    "zai.glm-4.6": "zai.glm-4.6",
}


class ManagedPolicies:
    """The one managed policy that SAM adds, known without asking AWS."""

    def load(self) -> dict[str, str]:
        name = "AWSLambdaBasicExecutionRole"
        return {name: f"arn:aws:iam::aws:policy/service-role/{name}"}


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        body = load_template(ROOT / "template.yaml").body
        # `sam deploy` uploads the artifact first and writes its address here.
        body["Resources"]["StreamCoachFunction"]["Properties"]["CodeUri"] = "s3://bucket/key"
        translated: dict[str, Any] = transform(body, PARAMETERS, ManagedPolicies())
    return {name: resource | {"Id": name} for name, resource in translated["Resources"].items()}


@pytest.fixture(scope="module")
def function(resources: dict[str, Any]) -> dict[str, Any]:
    return dict(resources["StreamCoachFunction"]["Properties"])


@pytest.fixture(scope="module")
def statements(resources: dict[str, Any]) -> dict[str, dict[str, Any]]:
    policies = resources["StreamCoachFunctionRole"]["Properties"]["Policies"]
    return {item["Sid"]: item for policy in policies for item in policy["PolicyDocument"]["Statement"]}


def of_type(resources: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [resource for resource in resources.values() if resource["Type"] == kind]


def test_the_url_streams_and_leaves_authentication_to_the_function(resources: dict[str, Any]) -> None:
    (url,) = of_type(resources, "AWS::Lambda::Url")
    assert url["Properties"]["InvokeMode"] == "RESPONSE_STREAM"
    assert url["Properties"]["AuthType"] == "NONE"


def test_anyone_may_call_the_url_and_the_function_through_it(resources: dict[str, Any]) -> None:
    permissions = [item["Properties"] for item in of_type(resources, "AWS::Lambda::Permission")]
    assert {item["Action"] for item in permissions} == {"lambda:InvokeFunctionUrl", "lambda:InvokeFunction"}
    assert {item["Principal"] for item in permissions} == {"*"}
    by_action = {item["Action"]: item for item in permissions}
    assert by_action["lambda:InvokeFunctionUrl"]["FunctionUrlAuthType"] == "NONE"
    assert by_action["lambda:InvokeFunction"]["InvokedViaFunctionUrl"] is True


def test_the_url_answers_browsers_of_the_allowed_origins(resources: dict[str, Any]) -> None:
    (url,) = of_type(resources, "AWS::Lambda::Url")
    assert url["Properties"]["Cors"] == {
        "AllowOrigins": {"Ref": "AllowedOrigins"},
        "AllowMethods": ["GET", "POST", "PUT", "PATCH", "DELETE"],
        "AllowHeaders": [
            "authorization",
            "content-type",
            "last-event-id",
            "idempotency-key",
            "x-stream-protocol",
        ],
        "ExposeHeaders": ["retry-after", "x-vercel-ai-data-stream", "x-vercel-ai-ui-message-stream"],
        "MaxAge": 86400,
    }


def test_cors_methods_are_of_the_length_that_lambda_allows() -> None:
    # CreateFunctionUrlConfig: AllowMethods are at most 6 characters long, so OPTIONS is refused.
    methods = SOURCE["Resources"]["StreamCoachFunction"]["Properties"]["FunctionUrlConfig"]["Cors"][
        "AllowMethods"
    ]
    assert all(len(method) <= 6 for method in methods)


def test_the_function_runs_our_loop_on_the_managed_runtime(function: dict[str, Any]) -> None:
    assert function["Runtime"] == "python3.13"
    assert function["Handler"] == "stream_coach.handler.handler"
    assert function["Environment"]["Variables"]["AWS_LAMBDA_EXEC_WRAPPER"] == "/var/task/bootstrap"


def test_the_function_has_the_time_and_memory_of_the_budget(function: dict[str, Any]) -> None:
    assert function["Timeout"] == 300
    assert function["MemorySize"] == 1024


def test_the_function_has_the_architecture_of_the_parameter(function: dict[str, Any]) -> None:
    assert function["Architectures"] == [{"Ref": "Architecture"}]


def test_the_environment_is_what_the_settings_read(function: dict[str, Any]) -> None:
    assert function["Environment"]["Variables"] == {
        "AWS_LAMBDA_EXEC_WRAPPER": "/var/task/bootstrap",
        "TABLE_NAME": {"Ref": "Table"},
        "QUEUE_URL": {"Ref": "TurnQueue"},
        "TOKEN_ISSUER": {"Ref": "TokenIssuer"},
        "TOKEN_AUDIENCE": {"Ref": "TokenAudience"},
        "JWKS_URL": {"Ref": "JwksUrl"},
        "ANSWER_MODEL_ID": {"Ref": "AnswerModelId"},
        "ROUTER_MODEL_ID": {"Ref": "RouterModelId"},
        "STARTER_COACH_ID": {"Ref": "StarterCoachId"},
        "TURNS_PER_MINUTE": {"Ref": "TurnsPerMinute"},
        "STREAMING_ENABLED": {"Ref": "StreamingEnabled"},
    }


def test_the_function_logs_to_a_group_that_forgets(
    resources: dict[str, Any], function: dict[str, Any]
) -> None:
    assert function["LoggingConfig"] == {"LogGroup": {"Ref": "StreamCoachLogGroup"}}
    group = resources["StreamCoachLogGroup"]["Properties"]
    assert group["RetentionInDays"] == {"Ref": "LogRetentionDays"}


def test_the_table_is_on_demand_encrypted_and_outlives_the_stack(resources: dict[str, Any]) -> None:
    (table,) = of_type(resources, "AWS::DynamoDB::Table")
    assert table["Properties"]["BillingMode"] == "PAY_PER_REQUEST"
    assert table["Properties"]["SSESpecification"] == {"SSEEnabled": True}
    assert (table["DeletionPolicy"], table["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_the_table_forgets_by_ttl_and_can_be_restored_to_any_second(resources: dict[str, Any]) -> None:
    (table,) = of_type(resources, "AWS::DynamoDB::Table")
    assert table["Properties"]["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    assert table["Properties"]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def test_a_turn_that_failed_five_times_goes_to_the_dead_letter_queue(resources: dict[str, Any]) -> None:
    queue = resources["TurnQueue"]["Properties"]
    assert queue["VisibilityTimeout"] == 1800
    assert queue["RedrivePolicy"] == {
        "deadLetterTargetArn": {"Fn::GetAtt": ["TurnDeadLetterQueue", "Arn"]},
        "maxReceiveCount": 5,
    }
    assert resources["TurnDeadLetterQueue"]["Type"] == "AWS::SQS::Queue"


def test_the_function_may_do_only_what_a_turn_needs(statements: dict[str, dict[str, Any]]) -> None:
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
    }
    assert statements["Items"]["Resource"] == {"Fn::GetAtt": ["Table", "Arn"]}
    assert statements["Index"]["Resource"] == {"Fn::Sub": "${Table.Arn}/index/GSI1"}
    assert statements["Queue"]["Resource"] == {"Fn::GetAtt": ["TurnQueue", "Arn"]}


@pytest.mark.parametrize(("model_id", "foundation_model"), MODEL_ARNS.items())
def test_the_function_may_call_the_chosen_models_wherever_their_profile_leads(
    statements: dict[str, dict[str, Any]], model_id: str, foundation_model: str
) -> None:
    allowed = model_patterns(statements, model_id)
    assert is_allowed(f"arn:aws:bedrock:eu-west-1::foundation-model/{foundation_model}", allowed)
    assert is_allowed(f"arn:aws:bedrock:::foundation-model/{foundation_model}", allowed)
    assert is_allowed(f"arn:aws:bedrock:us-east-1:123456789012:inference-profile/{model_id}", allowed)


@pytest.mark.parametrize("model_id", MODEL_ARNS)
def test_the_function_may_call_no_other_model(statements: dict[str, dict[str, Any]], model_id: str) -> None:
    allowed = model_patterns(statements, model_id)
    assert not is_allowed("arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-opus-5", allowed)
    assert not is_allowed("arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0", allowed)
    assert not is_allowed(
        "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-pro-v1:0", allowed
    )


def model_patterns(statements: Mapping[str, Any], model_id: str) -> list[str]:
    """Return the resources of the statement Models when both parameters are `model_id`."""
    names = {
        "AWS::Partition": "aws",
        "AWS::AccountId": "123456789012",
        "AnswerModelId": model_id,
        "RouterModelId": model_id,
    }
    return [evaluate(resource, names) for resource in statements["Models"]["Resource"]]


def evaluate(value: Any, names: Mapping[str, str]) -> Any:
    match value:
        case {"Fn::Sub": [text, extra]}:
            return evaluate({"Fn::Sub": text}, {**names, **{k: evaluate(v, names) for k, v in extra.items()}})
        case {"Fn::Sub": text}:
            return re.sub(r"\$\{(.+?)\}", lambda match: names[match[1]], text)
        case {"Fn::Select": [index, parts]}:
            return evaluate(parts, names)[index]
        case {"Fn::Split": [separator, text]}:
            return evaluate(text, names).split(separator)
    return value


def is_allowed(arn: str, patterns: list[str]) -> bool:
    return any(fnmatchcase(arn, pattern) for pattern in patterns)


def test_parameters_have_the_documented_defaults() -> None:
    defaults = {name: parameter.get("Default") for name, parameter in SOURCE["Parameters"].items()}
    assert defaults == {
        "TokenIssuer": None,
        "TokenAudience": None,
        "JwksUrl": None,
        "AnswerModelId": "us.anthropic.claude-sonnet-5-5",
        "RouterModelId": "us.amazon.nova-micro-v1:0",
        "Architecture": "arm64",
        "AllowedOrigins": "*",
        "TurnsPerMinute": 60,
        "StarterCoachId": "atlas",
        "StreamingEnabled": "true",
        "LogRetentionDays": 30,
    }


@pytest.mark.parametrize("model_id", [*MODEL_ARNS, "us.deepseek.r1-v1:0"])
def test_model_parameters_take_the_ids_of_bedrock(model_id: str) -> None:
    pattern = SOURCE["Parameters"]["AnswerModelId"]["AllowedPattern"]
    assert re.fullmatch(pattern, model_id)
    assert SOURCE["Parameters"]["RouterModelId"]["AllowedPattern"] == pattern


def test_outputs_name_the_url_the_table_and_the_queue() -> None:
    assert {name: output["Value"] for name, output in SOURCE["Outputs"].items()} == {
        "FunctionUrl": {"Fn::GetAtt": ["StreamCoachFunctionUrl", "FunctionUrl"]},
        "TableName": {"Ref": "Table"},
        "QueueUrl": {"Ref": "TurnQueue"},
    }


@pytest.mark.parametrize(
    ("architecture", "platform"), [("arm64", "aarch64-manylinux2014"), ("x86_64", "x86_64-manylinux2014")]
)
def test_each_architecture_builds_with_wheels_of_its_own(architecture: str, platform: str) -> None:
    metadata = SOURCE["Resources"]["StreamCoachFunction"]["Metadata"]
    folder = evaluate(metadata["ContextPath"], {"Architecture": architecture})
    assert metadata["WorkingDirectory"] == metadata["ContextPath"]
    assert platform in (ROOT / folder / "Makefile").read_text()
    assert architecture in SOURCE["Parameters"]["Architecture"]["AllowedValues"]
