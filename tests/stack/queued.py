"""The queue of a running stack and its dead letters, read past everything that is under test."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from local.aws_session import emulated_config, emulated_session
from local.endpoints import Endpoints

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

MOST: Final = 10


class Queues:
    """Messages as SQS has them."""

    def __init__(self, endpoints: Endpoints) -> None:
        session, config = emulated_session(endpoints.region), emulated_config()
        self._sqs: SQSClient = session.client("sqs", endpoint_url=endpoints.aws, config=config)
        self._url = endpoints.queue_url
        self.most_deliveries, self._dead_url = self._redrive()

    def _redrive(self) -> tuple[int, str]:
        found = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["RedrivePolicy"])
        policy = json.loads(found["Attributes"]["RedrivePolicy"])
        name = policy["deadLetterTargetArn"].rpartition(":")[2]
        return int(policy["maxReceiveCount"]), self._sqs.get_queue_url(QueueName=name)["QueueUrl"]

    @staticmethod
    def message(user: str, conversation: str, coach: str, turn_id: str, task: str = "turn") -> str:
        """Return what a message about a turn says."""
        ids = {"userId": user, "coachId": coach, "conversationId": conversation, "turnId": turn_id}
        return json.dumps({"task": task, **ids})

    def send(self, bodies: Sequence[str]) -> None:
        """Send these, ten at a time."""
        for at in range(0, len(bodies), MOST):
            entries: Any = [
                {"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies[at : at + MOST])
            ]
            self._sqs.send_message_batch(QueueUrl=self._url, Entries=entries)

    def dead(self) -> list[str]:
        """Return the bodies of some of the dead letters; they stay where they are."""
        found = self._sqs.receive_message(
            QueueUrl=self._dead_url, MaxNumberOfMessages=MOST, VisibilityTimeout=0, WaitTimeSeconds=0
        )
        return [message["Body"] for message in found.get("Messages", [])]

    def left(self) -> int:
        """Return how many messages are waiting or being worked on."""
        names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=names)
        return sum(int(count) for count in found["Attributes"].values())
