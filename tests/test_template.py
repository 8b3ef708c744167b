"""The functions, their sources and what they need, as CloudFormation gets them from the SAM translator."""

import re
from typing import Any

import pytest

from libs.streaming.tickets import parse_keys
from tests.translated_template import (
    FUNCTIONS,
    ROOT,
    SOURCE,
    evaluate,
    of_type,
    permissions_of,
    translated,
)


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    return translated()


@pytest.fixture(scope="module")
def function(resources: dict[str, Any]) -> dict[str, Any]:
    return dict(resources["StreamCoachFunction"]["Properties"])


@pytest.fixture(scope="module")
def worker(resources: dict[str, Any]) -> dict[str, Any]:
    return dict(resources["TurnWorkerFunction"]["Properties"])


def test_the_url_streams_and_leaves_authentication_to_the_function(resources: dict[str, Any]) -> None:
    (url,) = of_type(resources, "AWS::Lambda::Url")
    assert url["Properties"]["InvokeMode"] == "RESPONSE_STREAM"
    assert url["Properties"]["AuthType"] == "NONE"


def test_anyone_may_call_the_url_and_the_function_through_it(resources: dict[str, Any]) -> None:
    permissions = permissions_of(resources, "StreamCoachFunction")
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


def test_the_worker_runs_on_the_managed_runtimes_own_client_and_has_no_address(
    resources: dict[str, Any], worker: dict[str, Any]
) -> None:
    assert worker["Runtime"] == "python3.13"
    assert worker["Handler"] == "stream_coach.worker.handler"
    assert "AWS_LAMBDA_EXEC_WRAPPER" not in worker["Environment"]["Variables"]
    assert len(of_type(resources, "AWS::Lambda::Url")) == 1


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_function_has_the_time_and_memory_of_the_budget(resources: dict[str, Any], name: str) -> None:
    function = resources[name]["Properties"]
    assert function["Timeout"] == 300
    assert function["MemorySize"] == 1024
    assert "ReservedConcurrentExecutions" not in function


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_function_has_the_architecture_of_the_parameter(resources: dict[str, Any], name: str) -> None:
    assert resources[name]["Properties"]["Architectures"] == [{"Ref": "Architecture"}]


def test_the_environment_is_what_the_settings_read(function: dict[str, Any], worker: dict[str, Any]) -> None:
    shared = {
        "TABLE_NAME": {"Ref": "Table"},
        "QUEUE_URL": {"Ref": "TurnQueue"},
        "TOKEN_ISSUER": {"Ref": "TokenIssuer"},
        "TOKEN_AUDIENCE": {"Ref": "TokenAudience"},
        "JWKS_URL": {"Ref": "JwksUrl"},
        "ANSWER_MODEL_ID": {"Ref": "AnswerModelId"},
        "ROUTER_MODEL_ID": {"Ref": "RouterModelId"},
        "FALLBACK_MODEL_ID": {"Ref": "FallbackModelId"},
        "CHAT_MODEL_ID": {"Ref": "ChatModelId"},
        "CHAT_SYSTEM_PROMPT": {"Ref": "ChatSystemPrompt"},
        "STARTER_COACH_ID": {"Ref": "StarterCoachId"},
        "TURNS_PER_MINUTE": {"Ref": "TurnsPerMinute"},
        "DAILY_BUDGET_CENTS": {"Ref": "DailyBudgetCents"},
        "STREAMING_ENABLED": {"Ref": "StreamingEnabled"},
        "PINECONE_HOST": {"Ref": "PineconeHost"},
        "PINECONE_API_KEY": {"Ref": "PineconeApiKey"},
        "OPENAI_API_KEY": {"Ref": "OpenAiApiKey"},
        "AZURE_OPENAI_API_KEY": {"Ref": "AzureOpenAiApiKey"},
        "AZURE_OPENAI_ENDPOINT": {"Ref": "AzureOpenAiEndpoint"},
        "GEMINI_API_KEY": {"Ref": "GeminiApiKey"},
        "COMPATIBLE_BASE_URL": {"Ref": "CompatibleBaseUrl"},
        "COMPATIBLE_API_KEY": {"Ref": "CompatibleApiKey"},
        "EMBEDDING_MODEL_ID": {"Ref": "EmbeddingModelId"},
        "EMBEDDING_DIMENSIONS": {"Ref": "EmbeddingDimensions"},
    }
    assert worker["Environment"]["Variables"] == shared
    assert function["Environment"]["Variables"] == {
        **shared,
        "AWS_LAMBDA_EXEC_WRAPPER": "/var/task/bootstrap",
        "TICKET_KEYS": {"Ref": "TicketKeys"},
        "EMPTY_ANSWERS": {"Ref": "EmptyAnswers"},
    }


@pytest.mark.parametrize(
    ("name", "group"),
    [("StreamCoachFunction", "StreamCoachLogGroup"), ("TurnWorkerFunction", "TurnWorkerLogGroup")],
)
def test_each_function_logs_to_a_group_that_forgets(resources: dict[str, Any], name: str, group: str) -> None:
    assert resources[name]["Properties"]["LoggingConfig"] == {"LogGroup": {"Ref": group}}
    assert resources[group]["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionDays"}


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


def test_the_queue_feeds_the_worker_one_turn_at_a_time_and_hears_which_failed(
    resources: dict[str, Any],
) -> None:
    (mapping,) = of_type(resources, "AWS::Lambda::EventSourceMapping")
    assert mapping["Properties"] == {
        "BatchSize": 1,
        "EventSourceArn": {"Fn::GetAtt": ["TurnQueue", "Arn"]},
        "FunctionName": {"Ref": "TurnWorkerFunction"},
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
    }


def test_a_schedule_invokes_the_worker_each_minute(resources: dict[str, Any]) -> None:
    (rule,) = of_type(resources, "AWS::Events::Rule")
    assert rule["Properties"]["ScheduleExpression"] == "rate(1 minute)"
    (target,) = rule["Properties"]["Targets"]
    assert target["Arn"] == {"Fn::GetAtt": ["TurnWorkerFunction", "Arn"]}
    assert "Input" not in target
    (permission,) = permissions_of(resources, "TurnWorkerFunction")
    assert permission["Principal"] == "events.amazonaws.com"
    assert permission["SourceArn"] == {"Fn::GetAtt": [rule["Id"], "Arn"]}


def test_a_sweep_is_not_repeated(resources: dict[str, Any]) -> None:
    (config,) = of_type(resources, "AWS::Lambda::EventInvokeConfig")
    assert config["Properties"]["FunctionName"] == {"Ref": "TurnWorkerFunction"}
    assert config["Properties"]["MaximumRetryAttempts"] == 0


def test_parameters_have_the_documented_defaults() -> None:
    defaults = {name: parameter.get("Default") for name, parameter in SOURCE["Parameters"].items()}
    assert defaults == {
        "TokenIssuer": None,
        "TokenAudience": None,
        "JwksUrl": None,
        "AnswerModelId": "us.anthropic.claude-sonnet-5-5",
        "RouterModelId": "us.amazon.nova-micro-v1:0",
        "FallbackModelId": "",
        "ChatModelId": "",
        "ChatSystemPrompt": "",
        "TicketKeys": "",
        "PineconeHost": "",
        "PineconeApiKey": "",
        "OpenAiApiKey": "",
        "AzureOpenAiApiKey": "",
        "AzureOpenAiEndpoint": "",
        "GeminiApiKey": "",
        "CompatibleBaseUrl": "",
        "CompatibleApiKey": "",
        "EmbeddingModelId": "amazon.titan-embed-text-v2:0",
        "EmbeddingDimensions": 512,
        "Architecture": "arm64",
        "AllowedOrigins": "*",
        "TurnsPerMinute": 60,
        "DailyBudgetCents": 0,
        "StarterCoachId": "atlas",
        "StreamingEnabled": "true",
        "EmptyAnswers": "true",
        "LogRetentionDays": 30,
        "AlarmTopicArn": "",
    }


@pytest.mark.parametrize(
    "model_id",
    ["us.anthropic.claude-sonnet-5-5", "amazon.nova-micro-v1:0", "us.deepseek.r1-v1:0", "zai.glm-4.6"],
)
def test_model_parameters_take_the_ids_of_bedrock(model_id: str) -> None:
    pattern = SOURCE["Parameters"]["AnswerModelId"]["AllowedPattern"]
    assert re.fullmatch(pattern, model_id)
    assert SOURCE["Parameters"]["RouterModelId"]["AllowedPattern"] == pattern
    assert SOURCE["Parameters"]["FallbackModelId"]["AllowedPattern"] == f"^$|{pattern}"
    assert SOURCE["Parameters"]["ChatModelId"]["AllowedPattern"] == f"^$|{pattern}"


@pytest.mark.parametrize("name", ["FallbackModel", "ChatModel"])
def test_the_condition_is_that_a_model_is_named(name: str) -> None:
    named = {"Fn::Not": [{"Fn::Equals": [{"Ref": f"{name}Id"}, ""]}]}
    assert SOURCE["Conditions"][f"Has{name}"] == named


KEY_LISTS = {
    "": True,
    f"k1:{'a' * 16}": True,
    f"k2:{'0f' * 32},k1:{'a' * 16}": True,
    f"k1:{'a' * 15}": False,
    "k1": False,
    f"k 1:{'a' * 16}": False,
    f"k1:{'a' * 16},": False,
}


@pytest.mark.parametrize(("keys", "taken"), KEY_LISTS.items())
def test_ticket_keys_are_taken_in_the_form_that_the_service_reads(keys: str, taken: bool) -> None:
    assert bool(re.search(SOURCE["Parameters"]["TicketKeys"]["AllowedPattern"], keys)) == taken
    if taken and keys:
        assert parse_keys(keys)


@pytest.mark.parametrize("name", ["TicketKeys", "PineconeApiKey"])
def test_secrets_are_shown_nowhere(name: str) -> None:
    assert SOURCE["Parameters"][name]["NoEcho"] is True


@pytest.mark.parametrize(
    ("host", "taken"),
    [
        ("", True),
        ("coach-abc123.svc.aped-4627-b74a.pinecone.io", True),
        ("https://coach-abc123.svc.aped-4627-b74a.pinecone.io", True),
        ("http://coach-abc123.svc.aped-4627-b74a.pinecone.io", False),
        ("coach-abc123.svc.aped-4627-b74a.pinecone.io/", False),
    ],
)
def test_the_index_is_called_by_tls_only(host: str, taken: bool) -> None:
    assert bool(re.search(SOURCE["Parameters"]["PineconeHost"]["AllowedPattern"], host)) == taken


def test_a_pinecone_host_needs_its_key() -> None:
    rule = SOURCE["Rules"]["PineconeNeedsItsKey"]
    assert rule["RuleCondition"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "PineconeHost"}, ""]}]}
    assert [item["Assert"] for item in rule["Assertions"]] == [
        {"Fn::Not": [{"Fn::Equals": [{"Ref": "PineconeApiKey"}, ""]}]}
    ]


def test_outputs_name_what_clients_and_operators_need() -> None:
    assert {name: output["Value"] for name, output in SOURCE["Outputs"].items()} == {
        "FunctionUrl": {"Fn::GetAtt": ["StreamCoachFunctionUrl", "FunctionUrl"]},
        "TableName": {"Ref": "Table"},
        "QueueUrl": {"Ref": "TurnQueue"},
        "DeadLetterQueueUrl": {"Ref": "TurnDeadLetterQueue"},
        "DeadLetterQueueArn": {"Fn::GetAtt": ["TurnDeadLetterQueue", "Arn"]},
        "StreamCoachLogGroupName": {"Ref": "StreamCoachLogGroup"},
        "TurnWorkerLogGroupName": {"Ref": "TurnWorkerLogGroup"},
        "TokenAudience": {"Ref": "TokenAudience"},
        "StarterCoachId": {"Ref": "StarterCoachId"},
    }


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize(
    ("architecture", "platform"), [("arm64", "aarch64-manylinux2014"), ("x86_64", "x86_64-manylinux2014")]
)
def test_each_architecture_builds_with_wheels_of_its_own(name: str, architecture: str, platform: str) -> None:
    metadata = SOURCE["Resources"][name]["Metadata"]
    folder = evaluate(metadata["ContextPath"], {"Architecture": architecture})
    assert metadata["WorkingDirectory"] == metadata["ContextPath"]
    assert platform in (ROOT / folder / "Makefile").read_text()
    assert architecture in SOURCE["Parameters"]["Architecture"]["AllowedValues"]
