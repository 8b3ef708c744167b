"""The turn queue port on SQS."""

import json
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from libs.coach_conversation.errors import StoreUnavailable
from libs.coach_conversation.ports import TurnQueue
from libs.coach_conversation.types import ConversationRef, Task, TurnId

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient


class SqsTurnQueue(TurnQueue):
    """Sends ids to one queue. The client is made at the first send: most processes never send."""

    def __init__(self, make_client: Callable[[], "SQSClient"], url: str) -> None:
        self._make_client, self._url = make_client, url
        self._lock = threading.Lock()
        self._client: SQSClient | None = None

    def send_turn(self, ref: ConversationRef, turn_id: TurnId, /) -> None:
        self._send("turn", ref, turn_id)

    def send_task(self, ref: ConversationRef, turn_id: TurnId, task: Task, /) -> None:
        self._send(task, ref, turn_id)

    def _send(self, task: str, ref: ConversationRef, turn_id: TurnId) -> None:
        body = {
            "task": task,
            "userId": ref.user_id,
            "coachId": ref.coach_id,
            "conversationId": ref.conversation_id,
            "turnId": turn_id,
        }
        try:
            self._connected().send_message(QueueUrl=self._url, MessageBody=json.dumps(body))
        except (BotoCoreError, ClientError) as error:
            raise StoreUnavailable("the queue does not answer; try again") from error

    def _connected(self) -> "SQSClient":
        with self._lock:
            if self._client is None:
                self._client = self._make_client()
            return self._client
