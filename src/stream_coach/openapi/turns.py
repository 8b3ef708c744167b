"""Turns and messages, as every route and event shows them."""

from typing import Annotated, Literal, NotRequired, TypedDict

from pydantic import Field, WithJsonSchema

from libs.coach_conversation.chats.jobs import ErrorKind
from libs.coach_conversation.types import MessageStatus, Mode, PartKind, Role, TurnStatus
from libs.streaming.events import Stage
from stream_coach.openapi.codes import ErrorCode

type Moment = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
type StopReason = Annotated[str, Field(examples=["end_turn", "max_tokens"])]


class Part(TypedDict):
    """A piece of a message: an aside of the coach (update), the answer, or a person's text."""

    type: PartKind
    text: str
    stage: NotRequired[str]


class Message(TypedDict):
    """A saved message; `content` is what was shown: the texts of its parts, joined."""

    messageId: str
    role: Role
    content: str
    parts: list[Part]
    status: MessageStatus
    turnId: str
    createdAt: Moment
    messageTimestamp: NotRequired[Annotated[str, Field(description="As the client sent it.")]]


class Usage(TypedDict):
    """What the turn used."""

    inputTokens: int
    outputTokens: int
    cacheReadTokens: int
    cacheWriteTokens: int
    modelCalls: int
    costUsd: float


class Timings(TypedDict):
    """How long the turn took, in milliseconds."""

    totalMs: int
    firstTokenMs: NotRequired[int]
    routerMs: NotRequired[int]


class AnsweredTurn(TypedDict):
    """A turn as one document: its `complete` event."""

    turnId: str
    status: Literal["completed"]
    messageId: str
    conversationId: str
    userMessage: NotRequired[Message]
    aiMessage: Message
    stopReason: StopReason
    usage: Usage
    timings: Timings


class TurnLinks(TypedDict):
    """A turn that is under way or waits, and where to watch it."""

    turnId: str
    status: TurnStatus
    streamUrl: Annotated[str, Field(description="With a ticket, where tickets are configured.")]
    pollUrl: str


class TurnFailure(TypedDict):
    """Why a turn ended without an answer."""

    code: ErrorCode
    message: str
    retryable: bool


class TurnState(TypedDict):
    """A turn as it stands: what was said so far, and how it ended where it has."""

    turnId: str
    conversationId: str
    status: TurnStatus
    mode: Mode
    content: str
    userMessageId: str
    progress: NotRequired[Stage]
    aiMessage: NotRequired[Message]
    error: NotRequired[TurnFailure]
    stopReason: NotRequired[StopReason]
    usage: NotRequired[Usage]
    timings: NotRequired[Timings]


class TurnStopped(TypedDict):
    """A turn that was asked to stop."""

    turnId: str
    status: TurnStatus


type JobStatus = Literal["pending", "processing", "streaming", "completed", "failed", "cancelled"]


class SafetyNotice(TypedDict):
    """Where to get help, to be shown at once: the message asks for care."""

    kind: Literal["safety"]
    message: str


class JobLinks(TypedDict):
    """A job that is stored, and where to poll it."""

    jobId: str
    status: JobStatus
    pollUrl: str
    notice: NotRequired[SafetyNotice]


class JobFailure(TurnFailure):
    """Why a job ended without an answer, or with a part of one."""

    kind: ErrorKind


class JobState(TypedDict):
    """A job as it stands: what was said so far, and how it ended where it has."""

    jobId: str
    status: JobStatus
    content: str
    progress: NotRequired[Stage]
    error: NotRequired[JobFailure]
    stopReason: NotRequired[StopReason]
    usage: NotRequired[Usage]
    timings: NotRequired[Timings]


class JobStopped(TypedDict):
    """A job that was asked to stop."""

    jobId: str
    status: JobStatus
