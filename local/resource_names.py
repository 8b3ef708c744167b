"""What the template's tables and queues are called on this machine; known before they are made."""

from local.ministack import ACCOUNT
from local.template import Template

NAME_PREFIX = "stream-coach-"


def resource_name(logical_id: str) -> str:
    return NAME_PREFIX + logical_id


def queue_url(aws_url: str, logical_id: str) -> str:
    return f"{aws_url}/{ACCOUNT}/{resource_name(logical_id)}"


def queue_arn(region: str, logical_id: str) -> str:
    return f"arn:aws:sqs:{region}:{ACCOUNT}:{resource_name(logical_id)}"


def resource_values(template: Template, aws_url: str) -> dict[str, str]:
    """Return what `!Ref` gives for each table (its name) and each queue (its address)."""
    return {
        **{table.logical_id: resource_name(table.logical_id) for table in template.tables()},
        **{queue.logical_id: queue_url(aws_url, queue.logical_id) for queue in template.queues()},
    }
