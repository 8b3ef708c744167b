"""The events of a turn, and the order in which they may come.

One union serves every protocol: encoders turn it into bytes, the event log keeps it as records.

    start (progress | contextual | recall | notice | chunk)* (complete | error)
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeIs, assert_never, get_args

type Stage = Literal["received", "routing", "recalling", "logging", "generating", "saving", "following_up"]
type NoticeKind = Literal["truncated", "guardrail", "fallback", "safety"]
type JsonObject = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Start:
    """The turn is durable; nothing else comes before this."""

    turn_id: str
    conversation_id: str
    message_id: str


@dataclass(frozen=True, slots=True)
class Progress:
    """What the turn is doing now; not part of the message."""

    stage: Stage
    message: str


@dataclass(frozen=True, slots=True)
class Contextual:
    """An aside in the coach's voice; part of the saved message."""

    stage: str
    content: str


@dataclass(frozen=True, slots=True)
class Recall:
    """What was recalled for this answer: `{memoryId, snippet, score, source}` each."""

    memories: tuple[JsonObject, ...]


@dataclass(frozen=True, slots=True)
class Chunk:
    """A model delta, as it came."""

    content: str


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that the person should know about this answer."""

    kind: NoticeKind
    message: str


@dataclass(frozen=True, slots=True)
class Complete:
    """The turn is saved. Shapes as in docs/wire: `user_message`, `ai_message`, `usage`, `timings`."""

    message_id: str
    conversation_id: str
    user_message: JsonObject | None
    ai_message: JsonObject
    stop_reason: str
    usage: JsonObject
    timings: JsonObject


@dataclass(frozen=True, slots=True)
class Error:
    """The turn, or this view of it, ended without `complete`."""

    code: str
    message: str
    retryable: bool
    turn_id: str | None = None
    saved_content: str | None = None


type TurnEvent = Start | Progress | Contextual | Recall | Chunk | Notice | Complete | Error
type Terminal = Complete | Error


class IllegalOrder(Exception):
    """An event came where the protocol does not allow it."""


def to_record(event: TurnEvent) -> dict[str, Any]:
    """Return the event as the JSON object that goes on the typed wire and into the log.

    Shape   `type` first, camelCase, absent where optional and unset
    """
    match event:
        case Chunk(content):
            return {"type": "chunk", "content": content}
        case Contextual(stage, content):
            return {"type": "contextual", "stage": stage, "content": content}
        case Progress(stage, message):
            return {"type": "progress", "stage": stage, "message": message}
        case Recall(memories):
            return {"type": "recall", "memories": [dict(memory) for memory in memories]}
        case Notice(kind, message):
            return {"type": "notice", "kind": kind, "message": message}
        case Start(turn_id, conversation_id, message_id):
            return {
                "type": "start",
                "status": "initialized",
                "turnId": turn_id,
                "conversationId": conversation_id,
                "messageId": message_id,
            }
        case Complete():
            return _complete_record(event)
        case Error():
            return _error_record(event)
        case _:
            assert_never(event)


def _complete_record(event: Complete) -> dict[str, Any]:
    record = {
        "type": "complete",
        "status": "finished",
        "messageId": event.message_id,
        "conversationId": event.conversation_id,
        "userMessage": event.user_message,
        "aiMessage": event.ai_message,
        "stopReason": event.stop_reason,
        "usage": event.usage,
        "timings": event.timings,
    }
    return {name: value for name, value in record.items() if value is not None}


def _error_record(event: Error) -> dict[str, Any]:
    record = {
        "type": "error",
        "code": event.code,
        "message": event.message,
        "retryable": event.retryable,
        "turnId": event.turn_id,
        "savedContent": event.saved_content,
    }
    return {name: value for name, value in record.items() if value is not None}


def from_record(record: JsonObject) -> TurnEvent:
    """Return the event that `to_record` made this from; terminal events are never logged.

    Raises  IllegalOrder: the record is of a type that the log does not hold
    """
    match record["type"]:
        case "chunk":
            return Chunk(record["content"])
        case "contextual":
            return Contextual(record["stage"], record["content"])
        case "progress":
            return Progress(record["stage"], record["message"])
        case "recall":
            return Recall(tuple(record["memories"]))
        case "notice":
            return Notice(record["kind"], record["message"])
        case "start":
            return Start(record["turnId"], record["conversationId"], record["messageId"])
        case kind:
            raise IllegalOrder(f"a log holds no {kind!r} events")


def is_terminal(event: TurnEvent) -> TypeIs[Terminal]:
    return isinstance(event, get_args(Terminal.__value__))


def check_order(events: Iterable[TurnEvent]) -> None:
    """Check a whole stream against the legal order.

    Raises  IllegalOrder: naming the position and what stood there
    """
    last: TurnEvent | None = None
    for position, event in enumerate(events, start=1):
        if last is not None and is_terminal(last):
            raise IllegalOrder(f"event {position} follows the terminal event: {event!r}")
        if isinstance(event, Start) != (last is None) and not (last is None and isinstance(event, Error)):
            raise IllegalOrder(f"event {position} is {type(event).__name__}; `start` comes first, and once")
        last = event
    if last is None or not is_terminal(last):
        raise IllegalOrder("the stream has no terminal event")
