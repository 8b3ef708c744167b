"""MiniStack as the stack runs it: started, stopped, and with the template's tables and queues in it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from local import project
from local.errors import PartFailed, ResourceDiffers
from local.ministack import MiniStack, keep_port
from local.resource_names import queue_url, resource_values
from local.resources import make_resources
from local.state_dir import StateDir
from local.template import Template, load_template

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient

REGION = "us-east-1"
CREDENTIALS: Any = {
    "region_name": REGION,
    "aws_access_key_id": "local",
    "aws_secret_access_key": "local",
}
KEY: Any = {"pk": {"S": "U#alice"}, "sk": {"S": "PROFILE"}}

pytestmark = pytest.mark.stack


@contextmanager
def _running(state: StateDir) -> Iterator[MiniStack]:
    ministack = MiniStack(
        port=keep_port(state.ministack_port), state_dir=state.ministack, log_file=state.logs / "ministack.log"
    )
    with asyncio.Runner() as runner:
        runner.run(ministack.start())
        try:
            runner.run(ministack.ready())
            yield ministack
        finally:
            runner.run(ministack.stop())


def _dynamodb(url: str) -> "DynamoDBClient":
    return boto3.client("dynamodb", endpoint_url=url, **CREDENTIALS)


def _sqs(url: str) -> "SQSClient":
    return boto3.client("sqs", endpoint_url=url, **CREDENTIALS)


@pytest.fixture(scope="module")
def template() -> Template:
    return load_template(project.TEMPLATE)


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> StateDir:
    state = StateDir(tmp_path_factory.mktemp("state"))
    state.prepare()
    return state


@pytest.fixture(scope="module")
def url(state: StateDir, template: Template) -> Iterator[str]:
    """A MiniStack that was filled, stopped, started again and asked for its resources once more."""
    with _running(state) as first:
        make_resources(template, aws_url=first.url, region=REGION)
        _dynamodb(first.url).put_item(TableName="stream-coach-Table", Item=KEY)
        _sqs(first.url).send_message(QueueUrl=queue_url(first.url, "TurnQueue"), MessageBody="turn-1")
    with _running(state) as second:
        assert second.url == first.url
        make_resources(template, aws_url=second.url, region=REGION)
        yield second.url


def test_items_outlive_a_stop(url: str) -> None:
    assert _dynamodb(url).get_item(TableName="stream-coach-Table", Key=KEY)["Item"] == KEY


def test_messages_outlive_a_stop(url: str) -> None:
    answer = _sqs(url).receive_message(QueueUrl=queue_url(url, "TurnQueue"))
    assert [message["Body"] for message in answer["Messages"]] == ["turn-1"]


def test_the_table_is_the_templates(url: str) -> None:
    table = _dynamodb(url).describe_table(TableName="stream-coach-Table")["Table"]
    assert [key["AttributeName"] for key in table["KeySchema"]] == ["pk", "sk"]
    assert [index["IndexName"] for index in table["GlobalSecondaryIndexes"]] == ["GSI1"]


def test_items_expire_by_the_templates_attribute(url: str) -> None:
    answer = _dynamodb(url).describe_time_to_live(TableName="stream-coach-Table")
    assert answer["TimeToLiveDescription"] == {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}


def test_the_queue_sends_what_fails_to_its_dead_letter_queue(url: str) -> None:
    answer = _sqs(url).get_queue_attributes(QueueUrl=queue_url(url, "TurnQueue"), AttributeNames=["All"])
    assert answer["Attributes"]["VisibilityTimeout"] == "1800"
    assert "stream-coach-TurnDeadLetterQueue" in answer["Attributes"]["RedrivePolicy"]


def test_there_is_one_queue_of_each_name(url: str, template: Template) -> None:
    names = sorted(url_.rpartition("/")[2] for url_ in _sqs(url).list_queues()["QueueUrls"])
    assert names == ["stream-coach-TurnDeadLetterQueue", "stream-coach-TurnQueue"]
    assert resource_values(template, url)["TurnQueue"] == f"{url}/000000000000/stream-coach-TurnQueue"


def test_a_table_that_no_longer_fits_the_template_is_refused(url: str, template: Template) -> None:
    resources = {**template.body["Resources"]}
    properties = {**resources["Table"]["Properties"]}
    properties["GlobalSecondaryIndexes"] = []
    resources["Table"] = {**resources["Table"], "Properties": properties}
    changed = replace(template, body={**template.body, "Resources": resources})
    with pytest.raises(ResourceDiffers, match="remove `ministack` in the state directory"):
        make_resources(changed, aws_url=url, region=REGION)


def test_nothing_of_this_machines_aws_settings_is_read(
    url: str, template: Template, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    make_resources(template, aws_url=url, region=REGION)


def test_a_taken_port_is_replaced_by_a_free_one(url: str, tmp_path: Path) -> None:
    kept = tmp_path / "port"
    kept.write_text(url.rpartition(":")[2])
    port = keep_port(kept)
    assert port != int(url.rpartition(":")[2])
    assert kept.read_text() == str(port)


def test_a_ministack_that_cannot_start_is_named_with_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(project, "MINISTACK_PYTHON", Path("/bin/false"))
    port = keep_port(tmp_path / "port")
    ministack = MiniStack(port=port, state_dir=tmp_path, log_file=tmp_path / "ministack.log")

    async def start() -> None:
        await ministack.start()
        await ministack.ready()

    with pytest.raises(PartFailed, match=r"MiniStack did not start; see .*ministack\.log"):
        asyncio.run(start())
