"""The queue as SQS is one: what is not done comes again, and in the end goes to the dead letters."""

import json
from dataclasses import dataclass, replace
from typing import Any, Final

from libs.coach_conversation.types import ConversationRef, Task, TurnId
from stream_coach.deliveries.worker import MAX_DELIVERIES
from tests.fakes.ports import FakeQueue

MEMBERS: Final = ("userId", "coachId", "conversationId")


@dataclass(frozen=True, slots=True)
class Carried:
    """A message about a task of a turn; `delivery` counts from 1."""

    ref: ConversationRef
    turn_id: TurnId
    task: Task
    delivery: int = 1

    @property
    def record(self) -> dict[str, Any]:
        """The message as the worker is given it."""
        ids = (self.ref.user_id, self.ref.coach_id, self.ref.conversation_id)
        body = {"task": self.task, **dict(zip(MEMBERS, ids, strict=True)), "turnId": self.turn_id}
        attributes = {"ApproximateReceiveCount": str(self.delivery)}
        return {
            "messageId": f"{self.turn_id}-{self.task}",
            "body": json.dumps(body),
            "attributes": attributes,
        }


class CarryingQueue(FakeQueue):
    """A queue whose tasks are taken, and come back where they were not done; `dead` are given up."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[Carried] = []
        self.dead: list[Carried] = []

    def send_task(self, ref: ConversationRef, turn_id: TurnId, task: Task, /) -> None:
        super().send_task(ref, turn_id, task)
        self.waiting.append(Carried(ref, turn_id, task))

    def take(self) -> list[Carried]:
        """Take all messages about tasks that are there."""
        taken, self.waiting = self.waiting, []
        return taken

    def back(self, message: Carried) -> None:
        """Take back a message whose worker failed, or died."""
        if message.delivery < MAX_DELIVERIES:
            self.waiting.append(replace(message, delivery=message.delivery + 1))
        else:
            self.dead.append(message)
