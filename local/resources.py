"""The tables and queues of template.yaml, made in MiniStack unless they are there."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from local.aws_session import emulated_config, emulated_session
from local.errors import ResourceDiffers
from local.resource_names import queue_arn, queue_url, resource_name
from local.template import QueueConfig, TableConfig, Template

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TableDescriptionTypeDef
    from mypy_boto3_sqs import SQSClient


def make_resources(template: Template, *, aws_url: str, region: str) -> None:
    """Make what is missing; what exists keeps its content, and queues take the template's attributes.

    Raises  ResourceDiffers: a table of an earlier run has other keys or indexes than the template
    """
    session, config = emulated_session(region), emulated_config()
    dynamodb = session.client("dynamodb", endpoint_url=aws_url, config=config)
    sqs = session.client("sqs", endpoint_url=aws_url, config=config)
    for table in template.tables():
        _make_table(dynamodb, table)
    _make_queues(sqs, template.queues(), aws_url=aws_url, region=region)


def _make_table(dynamodb: "DynamoDBClient", table: TableConfig) -> None:
    name = resource_name(table.logical_id)
    try:
        dynamodb.create_table(TableName=name, **cast("Any", table.arguments))
    except dynamodb.exceptions.ResourceInUseException:
        _check_shape(dynamodb.describe_table(TableName=name)["Table"], table)
        return
    if table.ttl_attribute is not None:
        wanted = {"Enabled": True, "AttributeName": table.ttl_attribute}
        dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=cast("Any", wanted))


def _check_shape(found: "TableDescriptionTypeDef", table: TableConfig) -> None:
    if _shape(found) != _shape(table.arguments):
        raise ResourceDiffers(
            f"the table {resource_name(table.logical_id)!r} of an earlier run has other keys or indexes than "
            "template.yaml; remove `ministack` in the state directory to start anew"
        )


def _shape(table: Any) -> dict[str, set[tuple[str, str]]]:
    """Return keys by index: what a table cannot change once it exists."""
    indexes = {index["IndexName"]: index["KeySchema"] for index in table.get("GlobalSecondaryIndexes") or ()}
    schemas = {"": table["KeySchema"], **indexes}
    return {
        name: {(key["AttributeName"], key["KeyType"]) for key in schema} for name, schema in schemas.items()
    }


def _make_queues(sqs: "SQSClient", queues: Sequence[QueueConfig], *, aws_url: str, region: str) -> None:
    for queue in queues:
        attributes = dict(queue.attributes)
        if queue.dead_letter_queue is not None:
            attributes["RedrivePolicy"] = queue.redrive_policy(queue_arn(region, queue.dead_letter_queue))
        try:
            sqs.create_queue(QueueName=resource_name(queue.logical_id), Attributes=cast("Any", attributes))
        except sqs.exceptions.QueueNameExists:
            sqs.set_queue_attributes(
                QueueUrl=queue_url(aws_url, queue.logical_id), Attributes=cast("Any", attributes)
            )
