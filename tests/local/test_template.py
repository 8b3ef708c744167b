"""local/template.py: the template read for the local stack."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from moto import mock_aws

from local.function_config import Cors
from local.template import FunctionSettings, Template, TemplateError, load_template, parse_template

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ROOT = Path(__file__).resolve().parents[2]
FUNCTION = "StreamCoachFunction"
VALUES = {
    "Table": "coach-table",
    "TurnQueue": "http://127.0.0.1:4566/000000000000/turns",
    "TokenIssuer": "https://issuer.example",
    "TokenAudience": "audience",
    "JwksUrl": "http://127.0.0.1:4000/keys",
}


@pytest.fixture(scope="module")
def template() -> Template:
    return load_template(ROOT / "template.yaml")


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator["DynamoDBClient"]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        yield boto3.client("dynamodb", region_name="us-east-1")


def template_of(variables: str, *, parameters: str = "{}", properties: str = "") -> Template:
    return parse_template(f"""
Parameters: {parameters}
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      Environment:
        Variables: {variables}
      {properties}
""")


def test_a_function_has_its_handler_and_bounds(template: Template) -> None:
    assert template.function(FUNCTION) == FunctionSettings("stream_coach.handler.handler", 300, 1024)


def test_an_unknown_function_is_named_beside_those_that_exist(template: Template) -> None:
    with pytest.raises(TemplateError, match=r"no function 'Nope', only \['StreamCoachFunction', 'Turn"):
        template.function("Nope")


def test_the_environment_takes_given_values_and_else_the_defaults(template: Template) -> None:
    assert template.environment(FUNCTION, VALUES) == {
        "AWS_LAMBDA_EXEC_WRAPPER": "/var/task/bootstrap",
        "TABLE_NAME": "coach-table",
        "QUEUE_URL": "http://127.0.0.1:4566/000000000000/turns",
        "TOKEN_ISSUER": "https://issuer.example",
        "TOKEN_AUDIENCE": "audience",
        "JWKS_URL": "http://127.0.0.1:4000/keys",
        "ANSWER_MODEL_ID": "us.anthropic.claude-sonnet-5-5",
        "ROUTER_MODEL_ID": "us.amazon.nova-micro-v1:0",
        "STARTER_COACH_ID": "atlas",
        "TURNS_PER_MINUTE": "60",
        "DAILY_BUDGET_CENTS": "0",
        "STREAMING_ENABLED": "true",
        "FALLBACK_MODEL_ID": "",
        "CHAT_MODEL_ID": "",
        "CHAT_SYSTEM_PROMPT": "",
        "EMPTY_ANSWERS": "true",
        "TICKET_KEYS": "",
        "PINECONE_HOST": "",
        "PINECONE_API_KEY": "",
        "OPENAI_API_KEY": "",
        "AZURE_OPENAI_API_KEY": "",
        "AZURE_OPENAI_ENDPOINT": "",
        "GEMINI_API_KEY": "",
        "COMPATIBLE_BASE_URL": "",
        "COMPATIBLE_API_KEY": "",
        "EMBEDDING_MODEL_ID": "amazon.titan-embed-text-v2:0",
        "EMBEDDING_DIMENSIONS": "512",
    }


def test_a_function_takes_what_globals_says_and_its_own_wins() -> None:
    template = parse_template("""
Globals:
  Function: {Timeout: 300, MemorySize: 1024, Environment: {Variables: {A: a, B: b, C: {Ref: C}}}}
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties: {Handler: app.handler, Timeout: 5, Environment: {Variables: {B: own, C: !Sub own}}}
""")
    assert template.function("F") == FunctionSettings("app.handler", 5, 1024)
    assert template.environment("F", {}) == {"A": "a", "B": "own", "C": "own"}


def test_a_given_value_wins_over_a_default(template: Template) -> None:
    values = VALUES | {"TurnsPerMinute": "3"}
    assert template.environment(FUNCTION, values)["TURNS_PER_MINUTE"] == "3"


def test_all_missing_values_are_named_together(template: Template) -> None:
    with pytest.raises(TemplateError, match=r"needs a value for JwksUrl, Table, TokenAudience$"):
        template.environment(FUNCTION, {"TokenIssuer": "https://issuer.example", "TurnQueue": "q"})


@pytest.mark.parametrize(
    ("variable", "expected"),
    [
        ("!Ref Stage", "test"),
        ("!GetAtt Table.Arn", "arn:table"),
        ("!GetAtt [Table, Arn]", "arn:table"),
        ("{Ref: Stage}", "test"),
        ("{'Fn::GetAtt': [Table, Arn]}", "arn:table"),
        ("!Sub '${Stage}/${Table.Arn}/${AWS::Region}'", "test/arn:table/eu-west-1"),
        ("!Sub ['${Name}-${Stage}', {Name: !Ref Stage}]", "test-test"),
        ("!Sub '${!Literal}'", "${Literal}"),
        ("!Ref Origins", "https://a.example,https://b.example"),
        ("true", "true"),
        ("7", "7"),
    ],
)
def test_intrinsic_functions_become_text(variable: str, expected: str) -> None:
    parameters = """{
      Stage: {Type: String, Default: test},
      Origins: {Type: CommaDelimitedList, Default: 'https://a.example, https://b.example'}
    }"""
    values = {"Table.Arn": "arn:table", "AWS::Region": "eu-west-1"}
    found = template_of(f"{{X: {variable}}}", parameters=parameters).environment("F", values)
    assert found == {"X": expected}


def test_an_intrinsic_function_that_is_not_read_is_named() -> None:
    with pytest.raises(TemplateError, match=r"not \{'Fn::ImportValue': 'x'\}"):
        template_of("{X: !ImportValue x}").environment("F", {})


def test_cors_is_that_of_the_function_url(template: Template) -> None:
    assert template.cors(FUNCTION) == Cors(
        allow_origins=("*",),
        allow_methods=("GET", "POST", "PUT", "PATCH", "DELETE"),
        allow_headers=(
            "authorization",
            "content-type",
            "last-event-id",
            "idempotency-key",
            "x-stream-protocol",
        ),
        expose_headers=("retry-after", "x-vercel-ai-data-stream", "x-vercel-ai-ui-message-stream"),
        max_age_s=86_400,
        allow_credentials=False,
    )


def test_cors_origins_can_be_given(template: Template) -> None:
    cors = template.cors(FUNCTION, {"AllowedOrigins": "http://localhost:5173, https://app.example"})
    assert cors is not None
    assert cors.allow_origins == ("http://localhost:5173", "https://app.example")


def test_a_function_url_without_cors_has_none() -> None:
    assert template_of("{}", properties="FunctionUrlConfig: {AuthType: NONE}").cors("F") is None


def test_each_table_can_be_made_from_its_arguments(template: Template, dynamodb: "DynamoDBClient") -> None:
    for table in template.tables():
        dynamodb.create_table(TableName=table.logical_id, **cast("Any", table.arguments))
    found = dynamodb.describe_table(TableName="Table")["Table"]
    assert found["KeySchema"] == [
        {"AttributeName": "pk", "KeyType": "HASH"},
        {"AttributeName": "sk", "KeyType": "RANGE"},
    ]
    (index,) = found["GlobalSecondaryIndexes"]
    assert index["IndexName"] == "GSI1"
    assert index["Projection"] == {"ProjectionType": "ALL"}
    assert found["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"


def test_a_table_names_its_ttl_attribute(template: Template) -> None:
    assert [(table.logical_id, table.ttl_attribute) for table in template.tables()] == [("Table", "ttl")]


def test_a_table_without_ttl_has_none() -> None:
    template = parse_template("Resources: {T: {Type: 'AWS::DynamoDB::Table', Properties: {}}}")
    assert [table.ttl_attribute for table in template.tables()] == [None]


def test_dead_letter_queues_come_before_the_queues_that_name_them(template: Template) -> None:
    dead, turns = template.queues()
    assert (dead.logical_id, dead.dead_letter_queue) == ("TurnDeadLetterQueue", None)
    assert (turns.logical_id, turns.dead_letter_queue) == ("TurnQueue", "TurnDeadLetterQueue")
    assert turns.attributes == {"VisibilityTimeout": "1800"}
    assert dead.attributes == {"MessageRetentionPeriod": "1209600"}


def test_a_redrive_policy_is_made_of_the_arn_and_the_count(template: Template) -> None:
    turns = template.queues()[1]
    assert turns.redrive_policy("arn:dead") == '{"deadLetterTargetArn": "arn:dead", "maxReceiveCount": 5}'


def test_a_redrive_policy_must_name_a_queue_of_the_template() -> None:
    template = parse_template("""
Resources:
  Q:
    Type: AWS::SQS::Queue
    Properties: {RedrivePolicy: {deadLetterTargetArn: 'arn:elsewhere', maxReceiveCount: 5}}
""")
    with pytest.raises(TemplateError, match="RedrivePolicy of Q names its queue by !GetAtt"):
        template.queues()


@pytest.mark.parametrize("text", ["", "- a list", "a: [", "just text"])
def test_what_is_no_template_is_refused(text: str) -> None:
    with pytest.raises(TemplateError):
        parse_template(text)
