"""Turns as seen from outside: find, poll, cancel."""

from contextlib import suppress
from typing import Any

from libs.coach_conversation import recovery, reply
from libs.coach_conversation.conversations import require
from libs.coach_conversation.endings import message_json
from libs.coach_conversation.errors import TurnNotFound
from libs.coach_conversation.ports import Ports
from libs.coach_conversation.recovery import find_turn
from libs.coach_conversation.store.table import ConditionFailed
from libs.coach_conversation.types import ConversationRef, TurnId, TurnRecord
from libs.streaming.events import Progress


def active(ref: ConversationRef, ports: Ports) -> TurnRecord | None:
    """Return the conversation's running or waiting turn. Raises ConversationNotFound."""
    turn_id = require(ref, ports).get("activeTurn")
    return find_turn(ref, TurnId(turn_id), ports) if turn_id is not None else None


def find(ref: ConversationRef, turn_id: TurnId, ports: Ports) -> TurnRecord:
    """Return the turn, settled if nobody runs it any more. Raises ConversationNotFound, TurnNotFound."""
    require(ref, ports)
    record = find_turn(ref, turn_id, ports)
    if record is None:
        raise TurnNotFound(turn_id)
    if not recovery.settle(record, ports.clock.now_ms(), ports):
        return record
    return find_turn(ref, turn_id, ports) or record


def cancel(ref: ConversationRef, turn_id: TurnId, ports: Ports) -> TurnRecord:
    """Stop the turn and return it as it stands then. Raises ConversationNotFound, TurnNotFound."""
    for _ in range(3):
        record = find(ref, turn_id, ports)
        with suppress(ConditionFailed):
            recovery.cancel(record, ports)
            break
    return find_turn(ref, turn_id, ports) or record


def poll(record: TurnRecord, ports: Ports) -> dict[str, Any]:
    """Return the turn's state as JSON: what was said so far while it runs, the message once it ended."""
    shown: dict[str, Any] = {
        "turnId": record.turn_id,
        "conversationId": record.conversation.conversation_id,
        "status": record.status,
        "mode": record.mode,
        "content": "",
        "userMessageId": record.user_message_id,
    }
    if record.ending is None:
        logged, _ = recovery.logged(record, ports)
        events = [event for _, event in logged]
        stages = [event.stage for event in events if isinstance(event, Progress)]
        parts = reply.fold(events)
        return shown | {
            "content": "".join(part.text for part in parts),
            "progress": stages[-1] if stages else "received",
        }
    ending = record.ending
    if record.has_reply:
        message = recovery.messages(record, ports).get(record.assistant_message_id)
        if message is not None:
            shown |= {"content": message.content, "aiMessage": message_json(message)}
    if ending.error_code is not None:
        shown["error"] = {
            "code": ending.error_code,
            "message": ending.error_message,
            "retryable": ending.retryable,
        }
    known = {"stopReason": ending.stop_reason, "usage": ending.usage, "timings": ending.timings}
    return shown | {name: value for name, value in known.items() if value}
