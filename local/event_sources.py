"""The events that AWS hands to a function without a caller: a queue's messages, a schedule's ticks. Pure.

Source  docs.aws.amazon.com/lambda/latest/dg/with-sqs.html and services-sqs-errorhandling.html (answers),
        docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html
"""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from local.template import Template, TemplateError

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

_ATTRIBUTES = ("ApproximateReceiveCount", "SentTimestamp", "SenderId", "ApproximateFirstReceiveTimestamp")


@dataclass(frozen=True, slots=True)
class QueueSource:
    """A queue that feeds a function; `queue` is its logical id."""

    queue: str
    batch_size: int = 10
    reports_failures: bool = False


def queue_source(template: Template, function: str) -> QueueSource:
    """Return the queue that feeds `function`. Raises TemplateError: there is not exactly one."""
    found = [event["Properties"] for event in template.events(function).values() if event["Type"] == "SQS"]
    match found:
        case [{"Queue": {"Fn::GetAtt": [str(queue), "Arn"]}}]:
            reports = "ReportBatchItemFailures" in found[0].get("FunctionResponseTypes", ())
            return QueueSource(queue, found[0].get("BatchSize", 10), reports)
    raise TemplateError(f"{function} is fed by one queue, named by !GetAtt Queue.Arn, not by {found!r}")


def sqs_event(messages: Sequence["MessageTypeDef"], *, arn: str) -> dict[str, Any]:
    """Return the event that a batch of messages is to a function.

    Shape   message attributes are left out: nobody here sends any
    """
    return {"Records": [_record(message, arn) for message in messages]}


def _record(message: "MessageTypeDef", arn: str) -> dict[str, Any]:
    found = message.get("Attributes", {})
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": {name: found[name] for name in _ATTRIBUTES if name in found},
        "messageAttributes": {},
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": arn.split(":")[3],
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


def failed_ids(answer: bytes, batch: Sequence[str]) -> list[str]:
    """Return which messages of a batch the function's answer names as failed.

    No answer, or one that names none, is success. An answer that is no JSON, or names something that is
    no message of the batch, fails all of it.
    """
    try:
        document = json.loads(answer or b"null")
    except ValueError:
        return list(batch)
    match document.get("batchItemFailures") if isinstance(document, dict) else None:
        case None:
            return []
        case list(named):
            failed: list[Any] = [
                item.get("itemIdentifier") if isinstance(item, dict) else None for item in named
            ]
            return failed if all(message_id in batch for message_id in failed) else list(batch)
    return list(batch)
