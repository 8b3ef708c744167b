"""The beginning of a turn: the writes that both kinds of T1 share, with their conditions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from libs.coach_conversation.store import items
from libs.coach_conversation.store.table import (
    Absent,
    Clause,
    Equals,
    Exists,
    Less,
    Put,
    Update,
    Write,
)
from libs.coach_conversation.types import CoachTurn, Message, MessageId, Part

META_WRITE: Final = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserved:
    """The message ids that T1 claims for a turn; the user's is the smaller."""

    user: MessageId
    assistant: MessageId


def writes(
    turn: CoachTurn,
    ids: Reserved,
    owner: Mapping[str, Any],
    *,
    now_ms: int,
    created_at: str,
    due_ms: int,
) -> list[Write]:
    """Return T1 without the allowance: META (the lock and the order of ids), TURN, the person's message.

    Units   `due_ms`: when the sweeper looks after the turn, since the epoch
    """
    ref = turn.conversation
    superseded = turn.replaces.answer_id if turn.replaces is not None else None
    record = Put(
        items.turn_key(ref, turn.turn_id),
        {
            **({"supersedes": superseded} if superseded is not None else {}),
            "turnId": turn.turn_id,
            "coachId": ref.coach_id,
            "mode": turn.mode,
            **owner,
            "cancelRequested": False,
            "bodyHash": turn.body_hash,
            "userMessageId": ids.user,
            "assistantMessageId": ids.assistant,
            "loggedUpTo": 0,
            "createdAt": created_at,
            "ttl": now_ms // 1000 + items.TURN_TTL_S,
            **items.due_at(ref, turn.turn_id, due_ms),
        },
        when=(Absent("pk"),),
    )
    return [
        _locked(turn, ids, now_ms=now_ms, created_at=created_at),
        record,
        *_said(turn, ids, now_ms=now_ms, created_at=created_at),
    ]


def _locked(turn: CoachTurn, ids: Reserved, *, now_ms: int, created_at: str) -> Write:
    """Write META; a job's conversation begins with its one turn, whose record is the condition."""
    ref = turn.conversation
    held = {"activeTurn": turn.turn_id, "lastId": ids.assistant}
    if ref.is_hidden:
        begun = items.meta_item(ref, now_ms=now_ms, created_at=created_at)
        return Put(items.meta_key(ref), {**begun, **held, "messageCount": 1})
    return Update(
        items.meta_key(ref),
        set={**held, **items.by_activity(ref, now_ms)},
        add={"messageCount": 1} if turn.replaces is None else {},
        when=(Exists(), Equals("coachId", ref.coach_id), Absent("activeTurn"), _in_order(turn, ids)),
    )


def _in_order(turn: CoachTurn, ids: Reserved) -> Clause:
    """New ids are greater than all before them; what is written anew must still be the last word."""
    if turn.replaces is not None:
        return Equals("lastId", turn.replaces.last_id)
    return Less("lastId", ids.user)


def _said(turn: CoachTurn, ids: Reserved, *, now_ms: int, created_at: str) -> list[Write]:
    """Write the person's message, and a chat's earlier ones; a regenerated answer has its message already."""
    if turn.replaces is not None:
        return []
    message = Message(
        message_id=ids.user,
        role="user",
        parts=(Part("text", turn.text),),
        turn_id=turn.turn_id,
        status="complete",
        created_at=created_at,
        client_timestamp=turn.client_timestamp,
    )
    key, expiry = items.message_key(turn.conversation, ids.user), items.expiry(turn.conversation, now_ms)
    said = Put(key, items.message_item(message) | expiry, when=(Absent("pk"),))
    if turn.chat is None:
        return [said]
    return [
        said,
        Put(items.chat_key(turn.conversation, turn.turn_id), items.chat_item(turn.chat) | expiry),
        Put(items.entry_key(turn.conversation), items.entry_item(turn.conversation, now_ms)),
    ]
