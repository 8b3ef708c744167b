"""An authenticated request on its way to a delivery."""

from collections.abc import Mapping
from dataclasses import dataclass

from libs.coach_conversation.types import CoachId, ConversationId, ConversationRef, UserId
from libs.lambda_runtime import Context
from libs.streaming.requests import Request


@dataclass(frozen=True, slots=True)
class Call:
    """What was asked, by whoever the path belongs to; `params` are the ids from the path."""

    request: Request
    params: Mapping[str, str]
    context: Context

    @property
    def conversation(self) -> ConversationRef:
        """The conversation that the path names."""
        return ConversationRef(
            UserId(self.params["userId"]),
            CoachId(self.params["coachId"]),
            ConversationId(self.params["conversationId"]),
        )
