"""The tables that keep the contract: the fake, and the adapter on two stand-ins for DynamoDB."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws

from libs.coach_conversation.store.table import Table
from local import project
from local.resource_names import resource_name
from local.template import load_template
from stream_coach.adapters.dynamodb import DynamoDbTable
from tests.fakes.table import FakeTable


def _client(**extra: Any) -> Any:
    return boto3.client(
        "dynamodb",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(proxies={}, retries={"total_max_attempts": 1}),
        **extra,
    )


@pytest.fixture(scope="module", params=["fake", "moto", pytest.param("ministack", marks=pytest.mark.stack)])
def kind(request: pytest.FixtureRequest) -> str:
    """Which table this is."""
    return str(request.param)


@pytest.fixture(scope="module")
def table(kind: str, request: pytest.FixtureRequest) -> Iterator[Table]:
    match kind:
        case "fake":
            yield FakeTable()
        case "moto":
            with mock_aws():
                client = _client()
                (config,) = load_template(project.TEMPLATE).tables()
                client.create_table(TableName="table", **config.arguments)
                yield DynamoDbTable(client, "table")
        case _:
            client = _client(endpoint_url=request.getfixturevalue("ministack"))
            yield DynamoDbTable(client, resource_name("Table"))
            client.close()


@pytest.fixture
def pk(request: pytest.FixtureRequest) -> str:
    """A partition of this test's own."""
    return f"U#{request.node.name}"
