"""The events that AWS hands to a function without a caller: a queue's messages, a schedule's ticks. Pure.

Source  docs.aws.amazon.com/lambda/latest/dg/with-sqs.html and services-sqs-errorhandling.html (answers),
        docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html
"""

import json
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from local.template import Template, TemplateError

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageAttributeValueOutputTypeDef, MessageTypeDef

_ATTRIBUTES = ("ApproximateReceiveCount", "SentTimestamp", "SenderId", "ApproximateFirstReceiveTimestamp")


@dataclass(frozen=True, slots=True)
class QueueSource:
    """A queue that feeds a function; `queue` is its logical id."""

    queue: str
    batch_size: int = 10
    reports_failures: bool = False


def queue_source(template: Template, function: str) -> QueueSource:
    """Return the queue that feeds `function`. Raises TemplateError: there is not exactly one."""
    match [event["Properties"] for event in template.events(function).values() if event["Type"] == "SQS"]:
        case [{"Queue": {"Fn::GetAtt": [str(queue), "Arn"]}, **rest}]:
            reports = "ReportBatchItemFailures" in rest.get("FunctionResponseTypes", ())
            return QueueSource(queue, rest.get("BatchSize", 10), reports)
        case found:
            raise TemplateError(f"{function} is fed by one queue, named by !GetAtt Queue.Arn, not {found!r}")


def sqs_event(messages: Sequence["MessageTypeDef"], *, arn: str) -> dict[str, Any]:
    """Return the event that a batch of messages is to a function."""
    return {"Records": [_record(message, arn) for message in messages]}


def _record(message: "MessageTypeDef", arn: str) -> dict[str, Any]:
    found = message.get("Attributes", {})
    record = {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": {name: found[name] for name in _ATTRIBUTES if name in found},
        "messageAttributes": {
            name: _attribute(value) for name, value in message.get("MessageAttributes", {}).items()
        },
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": arn.split(":")[3],
    }
    if "MD5OfMessageAttributes" in message:
        record["md5OfMessageAttributes"] = message["MD5OfMessageAttributes"]
    return record


def _attribute(value: "MessageAttributeValueOutputTypeDef") -> dict[str, Any]:
    return {
        "stringValue": value.get("StringValue"),
        "stringListValues": [],
        "binaryListValues": [],
        "dataType": value["DataType"],
    }


def scheduled_event(*, rule: str, region: str, account: str, now: datetime) -> dict[str, Any]:
    """Return the event that a rule with a schedule is to a function."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": account,
        "time": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": region,
        "resources": [f"arn:aws:events:{region}:{account}:rule/{rule}"],
        "detail": {},
    }


def failed_ids(answer: bytes, batch: Collection[str]) -> set[str]:
    """Return which messages of a batch the function's answer names as failed.

    No answer, or none that names any, is success. An answer that is no JSON, or names something that is
    no message of the batch, fails all of it.
    """
    try:
        document = json.loads(answer or b"null")
    except ValueError:
        return set(batch)
    named = document.get("batchItemFailures") if isinstance(document, Mapping) else None
    match named:
        case None:
            return set()
        case list():
            failed = {item.get("itemIdentifier") if isinstance(item, Mapping) else None for item in named}
            return failed if failed <= set(batch) else set(batch)
    return set(batch)
