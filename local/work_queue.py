"""A queue in MiniStack, as whoever takes messages off it sees it."""

import asyncio
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from local.aws_session import emulated_config, emulated_session
from local.errors import QueueUnavailable

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

MAX_BATCH = 10


class WorkQueue:
    """Takes messages and settles them. Every call works in a thread and raises QueueUnavailable.

    A receive does not wait for messages: MiniStack would not end while one waits, and lose its state.
    """

    def __init__(self, url: str, *, aws_url: str, region: str) -> None:
        self._url, self._aws_url, self._region = url, aws_url, region

    @cached_property
    def _client(self) -> "SQSClient":
        session = emulated_session(self._region)
        return session.client("sqs", endpoint_url=self._aws_url, config=emulated_config())

    async def receive(self, limit: int) -> Sequence["MessageTypeDef"]:
        """Return up to `limit` messages that are there now; nobody else sees them for a time."""
        return await _in_thread(lambda: self._receive(limit))

    def _receive(self, limit: int) -> Sequence["MessageTypeDef"]:
        answer = self._client.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=min(limit, MAX_BATCH),
            WaitTimeSeconds=0,
            MessageSystemAttributeNames=["All"],
        )
        return answer.get("Messages", [])

    async def delete(self, receipt_handle: str) -> None:
        """Remove a message that was done."""
        await _in_thread(
            lambda: self._client.delete_message(QueueUrl=self._url, ReceiptHandle=receipt_handle)
        )

    async def release(self, receipt_handle: str, *, after_s: int) -> None:
        """Let a message that was not done come again, `after_s` from now."""
        await _in_thread(
            lambda: self._client.change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=receipt_handle, VisibilityTimeout=after_s
            )
        )


async def _in_thread[T](call: Callable[[], T]) -> T:
    try:
        return await asyncio.to_thread(call)
    except (BotoCoreError, ClientError) as error:
        raise QueueUnavailable(f"the local queue: {error}") from error
