"""Endings: what a turn used, how it ended, and the one terminal event that says so.

The live stream and a replay build the terminal event with the same function from the same values,
so that both are equal to the letter.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from libs.coach_conversation.errors import TurnCancelled, TurnError, TurnNotFound
from libs.coach_conversation.types import ConversationRef, Ending, Message, TurnId, Usage
from libs.streaming.events import Complete, Error, Terminal

END_TURN: Final = "end_turn"


@dataclass(frozen=True, slots=True)
class Told:
    """What a turn came to: a stop reason, or the failure that ended it."""

    stop_reason: str | None = None
    failure: TurnError | None = None


@dataclass(slots=True)
class Meter:
    """What a running turn has used so far; written by the turn's own thread only."""

    started_s: float
    usage: Usage = field(default_factory=Usage)
    router_ms: int | None = None
    first_token_ms: int | None = None

    def first_delta(self, now_s: float) -> None:
        """Note when the answer began; later deltas change nothing."""
        if self.first_token_ms is None:
            self.first_token_ms = self.elapsed_ms(now_s)

    def elapsed_ms(self, now_s: float) -> int:
        return round((now_s - self.started_s) * 1000)

    def ending(self, told: Told, now_s: float) -> Ending:
        """Return what is stored of how the turn ended."""
        timings = {
            "firstTokenMs": self.first_token_ms,
            "totalMs": self.elapsed_ms(now_s),
            "routerMs": self.router_ms,
        }
        known: dict[str, Any] = {
            "usage": self.usage.to_json(),
            "timings": {name: value for name, value in timings.items() if value is not None},
        }
        failure = told.failure
        if failure is None:
            return Ending(status="completed", stop_reason=told.stop_reason, **known)
        return Ending(
            status="cancelled" if isinstance(failure, TurnCancelled) else "failed",
            error_code=failure.code,
            error_message=str(failure),
            retryable=failure.retryable,
            **known,
        )


def error_event(failure: TurnError, turn_id: TurnId, saved_content: str | None = None) -> Error:
    return Error(failure.code, str(failure), failure.retryable, turn_id, saved_content)


def terminal_event(
    ref: ConversationRef, turn_id: TurnId, ending: Ending, user: Message | None, reply: Message | None
) -> Terminal:
    """Return the event that ends every view of a finished turn."""
    if ending.status == "completed" and reply is not None:
        return Complete(
            message_id=reply.message_id,
            conversation_id=ref.conversation_id,
            user_message=message_json(user) if user is not None else None,
            ai_message=message_json(reply),
            stop_reason=ending.stop_reason or END_TURN,
            usage=ending.usage,
            timings=ending.timings,
        )
    return Error(
        ending.error_code or TurnNotFound.code,
        ending.error_message or "this answer was written anew since, and is not kept any more",
        ending.retryable,
        turn_id,
        reply.content if reply is not None else None,
    )


def message_json(message: Message) -> dict[str, Any]:
    """Return the message as every route and event shows it."""
    shown = {
        "messageId": message.message_id,
        "role": message.role,
        "content": message.content,
        "parts": [
            {"type": part.kind, "text": part.text, **({"stage": part.stage} if part.stage else {})}
            for part in message.parts
        ],
        "status": message.status,
        "turnId": message.turn_id,
        "createdAt": message.created_at,
        "messageTimestamp": message.client_timestamp,
    }
    return {name: value for name, value in shown.items() if value is not None}
