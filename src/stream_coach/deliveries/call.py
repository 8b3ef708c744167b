"""An authenticated request on its way to a delivery."""

from collections.abc import Mapping
from dataclasses import dataclass

from libs.coach_conversation.types import CoachId, ConversationId, ConversationRef, UserId
from libs.lambda_runtime import Context
from libs.streaming.requests import Request
from libs.streaming.tickets import TicketOffice


@dataclass(frozen=True, slots=True)
class Call:
    """What was asked, by whoever the path belongs to.

    Shape   `params` are the ids from the path; `userId` is there in any case, the token's
            `ticket_turn_id` is the one turn that the caller may see, where a ticket let them in
    """

    request: Request
    params: Mapping[str, str]
    context: Context
    tickets: TicketOffice | None = None
    ticket_turn_id: str | None = None

    @property
    def user_id(self) -> UserId:
        return UserId(self.params["userId"])

    @property
    def coach_id(self) -> CoachId:
        """The coach that the path names."""
        return CoachId(self.params["coachId"])

    @property
    def conversation(self) -> ConversationRef:
        """The conversation that the path names."""
        return ConversationRef(self.user_id, self.coach_id, ConversationId(self.params["conversationId"]))
