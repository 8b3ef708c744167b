"""The values that a turn is made of. All are frozen; each stage returns new ones."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NewType

UserId = NewType("UserId", str)
CoachId = NewType("CoachId", str)
ConversationId = NewType("ConversationId", str)
TurnId = NewType("TurnId", str)
MessageId = NewType("MessageId", str)

type TurnStatus = Literal[
    "pending", "processing", "streaming", "completed", "failed", "cancelled", "interrupted"
]
type Mode = Literal["live", "attach", "queued"]
type Role = Literal["user", "assistant"]
type MessageStatus = Literal["complete", "partial"]
type Task = Literal["memory", "workout", "summary", "exchange"]
type PartKind = Literal["update", "answer", "text"]

LIVE_STATUSES: tuple[TurnStatus, ...] = ("processing", "streaming")
TERMINAL_STATUSES: tuple[TurnStatus, ...] = ("completed", "failed", "cancelled", "interrupted")

NO_COACH: Final = CoachId("~jobs")
"""The coach of hidden conversations: no path can name it, for no id holds a `~`."""


@dataclass(frozen=True, slots=True)
class ConversationRef:
    """Whose conversation with which coach. `user_id` always comes from the token."""

    user_id: UserId
    coach_id: CoachId
    conversation_id: ConversationId

    @property
    def is_hidden(self) -> bool:
        """Whether it is the conversation of one job: no route shows it, and all of it expires."""
        return self.coach_id == NO_COACH


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a message: an aside of the coach (`update`), the answer, or a person's text."""

    kind: PartKind
    text: str
    stage: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A saved message. `content` is what was shown: the texts of its parts, joined.

    Shape   `given` names the memories that an answer may repeat
    """

    message_id: MessageId
    role: Role
    parts: tuple[Part, ...]
    turn_id: TurnId
    status: MessageStatus
    created_at: str
    client_timestamp: str | None = None
    given: tuple[str, ...] = ()

    @property
    def content(self) -> str:
        return "".join(part.text for part in self.parts)

    @property
    def model_text(self) -> str:
        """What a model may see of it as history: never the asides."""
        return "".join(part.text for part in self.parts if part.kind != "update")


@dataclass(frozen=True, slots=True)
class Replaced:
    """The answer that a turn writes anew, and the person's message that it answers (`said`).

    Shape   `answer_id` None where nothing of the first answer was saved; `last_id` is META.lastId as
            it was read: nothing may have been said since
    """

    said: Message
    answer_id: MessageId | None
    last_id: str


@dataclass(frozen=True, slots=True)
class PromptMessage:
    """A message as a model sees it."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """What a client asks of a model with messages of its own: no coach, nothing remembered.

    Shape   `messages` as models want them: no blank ones, roles in turn, the user first and last;
            what is None or empty is the service's choice
    """

    messages: tuple[PromptMessage, ...]
    system: str = ""
    model_id: str = ""
    max_tokens: int | None = None
    temperature: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CoachTurn:
    """One message to a coach, as asked for; nothing is stored yet. With a `chat` no coach is asked."""

    conversation: ConversationRef
    turn_id: TurnId
    body_hash: str
    text: str
    client_timestamp: str | None = None
    client_message_id: str | None = None
    mode: Mode = "live"
    replaces: Replaced | None = None
    chat: Chat | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a turn ended, as it is stored."""

    status: TurnStatus
    stop_reason: str | None = None
    error_code: str | None = None
    error_message: str | None = None
    retryable: bool = False
    usage: Mapping[str, Any] = field(default_factory=dict)
    timings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnRecord:
    """The TURN item as it was read."""

    conversation: ConversationRef
    turn_id: TurnId
    status: TurnStatus
    mode: Mode
    attempt: int
    lease_until_ms: int
    cancel_requested: bool
    body_hash: str
    user_message_id: MessageId
    assistant_message_id: MessageId
    logged_up_to: int
    due_at_ms: int = 0
    supersedes: MessageId | None = None
    has_reply: bool = False
    answered_at: str | None = None
    ending: Ending | None = None
    follow_ups: tuple[Task, ...] = ()

    @property
    def is_terminal(self) -> bool:
        return self.status in TERMINAL_STATUSES

    @property
    def terminal_number(self) -> int:
        """The number of the event that ends a whole view of it; it is never in the log."""
        return self.logged_up_to + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CoachConfig:
    """Who the coach is. Written by the person, so it is data in every prompt."""

    coach_id: CoachId
    name: str
    persona: str
    specialities: tuple[str, ...] = ()
    style: str = ""
    goals: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The older part of a conversation, up to and with the message `up_to`."""

    narrative: str
    parts: Mapping[str, tuple[str, ...]]
    up_to: MessageId


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """What was read beside T1."""

    coach: CoachConfig | None
    profile: Mapping[str, Any]
    history: tuple[Message, ...]
    summary: Summary | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens and money of one model call or of several added up."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    model_calls: int = 0
    cost_usd: float = 0.0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cache_read_tokens + other.cache_read_tokens,
            self.cache_write_tokens + other.cache_write_tokens,
            self.model_calls + other.model_calls,
            self.cost_usd + other.cost_usd,
        )

    def to_json(self) -> dict[str, int | float]:
        return {
            "inputTokens": self.input_tokens,
            "outputTokens": self.output_tokens,
            "cacheReadTokens": self.cache_read_tokens,
            "cacheWriteTokens": self.cache_write_tokens,
            "modelCalls": self.model_calls,
            "costUsd": round(self.cost_usd, 8),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The budgets of docs/turn.md, in the units of their names."""

    store_timeout_s: float = 2.0
    router_timeout_s: float = 1.5
    recall_timeout_s: float = 0.3
    first_delta_timeout_s: float = 30.0
    delta_timeout_s: float = 30.0
    log_tick_s: float = 0.5
    lease_s: float = 15.0
    lease_renewal_s: float = 5.0
    pending_s: float = 60.0
    clock_skew_s: float = 2.0
    keep_alive_s: float = 10.0
    deadline_margin_s: float = 5.0
    max_answer_bytes: int = 262_144
    max_user_response_bytes: int = 16_384
    history_items: int = 20
    turns_per_minute: int = 60
    daily_budget_cents: int = 0
    max_output_tokens: int = 1000
    temperature: float = 0.7
