"""The table's items: their keys, and how the values of `types.py` become items and come back.

Message parts are stored as lengths into `content`, not as texts of their own: an answer may be
256 KB and an item 400 KB, and so the parts can never disagree with the content.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from libs.coach_conversation.store.ids import is_ulid, iso
from libs.coach_conversation.store.table import Item, Key
from libs.coach_conversation.types import (
    TERMINAL_STATUSES,
    Chat,
    CoachConfig,
    CoachId,
    ConversationRef,
    Ending,
    Message,
    MessageId,
    Part,
    PromptMessage,
    TurnId,
    TurnRecord,
    UserId,
)
from libs.memory.types import Memory

TURN_TTL_S: Final = 30 * 86_400
RATE_TTL_S: Final = 300
SPENT_TTL_S: Final = 2 * 86_400
DUE: Final = "DUE"
INDEX: Final = "GSI1"
SCHEMA_VERSION: Final = 1
COACHES: Final = "COACH#"
WORKOUTS: Final = "WKT#"
MEMORIES: Final = "MEM#"
CONVERSATIONS: Final = "CONV#"
SILENCED: Final = "summarySilenced"
"""Of META: its summary may tell of what was corrected or forgotten, and is for this conversation only."""
_WORKOUT_ID: Final = re.compile(r"(\d{13})-([0-9A-Z]{26})", re.ASCII)


def person(user_id: UserId) -> str:
    return f"U#{user_id}"


def partition(ref: ConversationRef) -> str:
    return f"U#{ref.user_id}#C#{ref.conversation_id}"


def profile_key(user_id: UserId) -> Key:
    return Key(person(user_id), "PROFILE")


def coach_key(user_id: UserId, coach_id: CoachId) -> Key:
    return Key(person(user_id), f"{COACHES}{coach_id}")


def rate_key(user_id: UserId, minute: int) -> Key:
    return Key(person(user_id), f"RATE#{minute}")


def spent_key(user_id: UserId, day: int) -> Key:
    return Key(person(user_id), f"SPENT#{day}")


def memory_key(user_id: UserId, memory_id: str) -> Key:
    return Key(person(user_id), f"{MEMORIES}{memory_id}")


def workout_key(user_id: UserId, completed_at: str, workout_id: str) -> Key:
    return Key(person(user_id), f"{WORKOUTS}{completed_at}#{workout_id}")


def entry_key(ref: ConversationRef) -> Key:
    """Return the key of the conversation's entry among all that the person has, shown or not."""
    return Key(person(ref.user_id), f"{CONVERSATIONS}{ref.conversation_id}")


def workout_key_of(user_id: UserId, workout_id: str) -> Key | None:
    """Return the key that the id stands for; None when it is not one of ours."""
    match = _WORKOUT_ID.fullmatch(workout_id)
    if match is None or not is_ulid(match[2]):
        return None
    return workout_key(user_id, iso(int(match[1])), match[2])


def meta_key(ref: ConversationRef) -> Key:
    return Key(partition(ref), "META")


def turn_key(ref: ConversationRef, turn_id: TurnId) -> Key:
    return Key(partition(ref), f"TURN#{turn_id}")


def message_key(ref: ConversationRef, message_id: MessageId) -> Key:
    return Key(partition(ref), f"M#{message_id}")


def summary_key(ref: ConversationRef, last_message_id: str) -> Key:
    return Key(partition(ref), f"SUM#{last_message_id}")


def chat_key(ref: ConversationRef, turn_id: TurnId) -> Key:
    return Key(partition(ref), f"CHAT#{turn_id}")


def log_key(ref: ConversationRef, turn_id: TurnId, first_number: int) -> Key:
    return Key(partition(ref), f"EV#{turn_id}#{first_number:08d}")


def by_activity(ref: ConversationRef, now_ms: int) -> Item:
    """Return the index attributes that list a person's conversations, latest activity last."""
    return {"gsi1pk": person(ref.user_id), "gsi1sk": f"K#{ref.coach_id}#{now_ms:013d}#{ref.conversation_id}"}


def due_at(ref: ConversationRef, turn_id: TurnId, at_ms: int) -> Item:
    """Return the index attributes by which the sweeper finds a turn."""
    return {"gsi1pk": DUE, "gsi1sk": f"{at_ms:013d}#{ref.conversation_id}#{turn_id}", "dueAt": at_ms}


def deletion_due_at(ref: ConversationRef, at_ms: int) -> Item:
    """Return the index attributes by which the sweeper finds a conversation that is half deleted."""
    return {"gsi1pk": DUE, "gsi1sk": f"{at_ms:013d}#{ref.conversation_id}"}


def expiry(ref: ConversationRef, now_ms: int) -> Item:
    """Return the attribute by which what belongs to a job goes with its record; nothing for the rest."""
    return {"ttl": now_ms // 1000 + TURN_TTL_S} if ref.is_hidden else {}


def meta_item(ref: ConversationRef, *, now_ms: int, created_at: str) -> Item:
    """Return the META item of a conversation in which nothing was said yet."""
    return {
        "conversationId": ref.conversation_id,
        "coachId": ref.coach_id,
        "lastId": "",
        "messageCount": 0,
        "createdAt": created_at,
        "schemaVersion": SCHEMA_VERSION,
        **by_activity(ref, now_ms),
        **expiry(ref, now_ms),
    }


def entry_item(ref: ConversationRef, now_ms: int) -> Item:
    """Return the item by which a person's data is found whole: hidden conversations have one too."""
    return {"conversationId": ref.conversation_id, "coachId": ref.coach_id, **expiry(ref, now_ms)}


def chat_item(chat: Chat) -> Item:
    """Return what is asked of a model, but for the last message, which is the turn's own."""
    item = {
        "messages": [{"role": message.role, "text": message.text} for message in chat.messages[:-1]],
        "system": chat.system,
        "modelId": chat.model_id,
        "maxTokens": chat.max_tokens,
        "temperature": chat.temperature,
    }
    return {name: value for name, value in item.items() if value is not None}


def chat_from(item: Mapping[str, Any], said: Message) -> Chat:
    earlier = [PromptMessage(message["role"], message["text"]) for message in item["messages"]]
    return Chat(
        messages=(*earlier, PromptMessage("user", said.content)),
        system=item["system"],
        model_id=item["modelId"],
        max_tokens=item.get("maxTokens"),
        temperature=item.get("temperature"),
    )


def message_item(message: Message) -> Item:
    parts = [
        {"kind": part.kind, "length": len(part.text), **({"stage": part.stage} if part.stage else {})}
        for part in message.parts
    ]
    item = {
        "messageId": message.message_id,
        "role": message.role,
        "content": message.content,
        "parts": parts,
        "turnId": message.turn_id,
        "status": message.status,
        "createdAt": message.created_at,
        "clientTimestamp": message.client_timestamp,
        "given": list(message.given) or None,
    }
    return {name: value for name, value in item.items() if value is not None}


def message_from(item: Mapping[str, Any]) -> Message:
    return Message(
        message_id=MessageId(item["messageId"]),
        role=item["role"],
        parts=tuple(_parts(item["content"], item["parts"])),
        turn_id=TurnId(item["turnId"]),
        status=item["status"],
        created_at=item["createdAt"],
        client_timestamp=item.get("clientTimestamp"),
        given=tuple(item.get("given", ())),
    )


def _parts(content: str, stored: Sequence[Mapping[str, Any]]) -> Iterable[Part]:
    start = 0
    for part in stored:
        end = start + part["length"]
        yield Part(part["kind"], content[start:end], part.get("stage"))
        start = end


def turn_from(ref: ConversationRef, item: Mapping[str, Any]) -> TurnRecord:
    return TurnRecord(
        conversation=ref,
        turn_id=TurnId(item["turnId"]),
        status=item["status"],
        mode=item["mode"],
        attempt=item["attempt"],
        lease_until_ms=item["leaseUntil"],
        cancel_requested=item["cancelRequested"],
        body_hash=item["bodyHash"],
        user_message_id=MessageId(item["userMessageId"]),
        assistant_message_id=MessageId(item["assistantMessageId"]),
        logged_up_to=item["loggedUpTo"],
        due_at_ms=item.get("dueAt", 0),
        supersedes=MessageId(item["supersedes"]) if "supersedes" in item else None,
        has_reply=item.get("hasReply", False),
        answered_at=item.get("answeredAt"),
        ending=_ending_from(item) if item["status"] in TERMINAL_STATUSES else None,
        follow_ups=tuple(item.get("followUps", ())),
    )


def _ending_from(item: Mapping[str, Any]) -> Ending:
    return Ending(
        status=item["status"],
        stop_reason=item.get("stopReason"),
        error_code=item.get("errorCode"),
        error_message=item.get("errorMessage"),
        retryable=item.get("retryable", False),
        usage=item.get("usage", {}),
        timings=item.get("timings", {}),
    )


def memory_from(item: Mapping[str, Any]) -> Memory:
    return Memory(
        memory_id=item["memoryId"],
        content=item["content"],
        type=item["type"],
        importance=item["importance"],
        is_coach_specific=item["isCoachSpecific"],
        tags=tuple(item["tags"]),
        coach_id=item["coachId"],
        created_at=item["createdAt"],
        updated_at=item["updatedAt"],
    )


def coach_from(item: Mapping[str, Any]) -> CoachConfig:
    return CoachConfig(
        coach_id=CoachId(item["coachId"]),
        name=item["name"],
        persona=item["persona"],
        specialities=tuple(item.get("specialities", ())),
        style=item.get("style", ""),
        goals=tuple(item.get("goals", ())),
        limits=tuple(item.get("limits", ())),
    )


def coach_item(coach: CoachConfig) -> Item:
    return {
        "coachId": coach.coach_id,
        "name": coach.name,
        "persona": coach.persona,
        "specialities": list(coach.specialities),
        "style": coach.style,
        "goals": list(coach.goals),
        "limits": list(coach.limits),
    }
