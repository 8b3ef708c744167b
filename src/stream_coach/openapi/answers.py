"""What clients are answered, and where it stands on the wire. An optional field is absent, never null."""

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from pydantic import Field, WithJsonSchema

from libs.coach_conversation.types import MessageStatus, Mode, PartKind, Role, TurnStatus
from libs.streaming.events import Stage
from stream_coach.openapi import codes

type ErrorCode = Annotated[str, WithJsonSchema(codes.schema())]
type Moment = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
type Cursor = Annotated[str, Field(description="`before` of the next page; absent on the last one.")]


class Problem(TypedDict):
    """Why a request was refused (RFC 9457)."""

    type: Annotated[str, Field(description="`urn:stream-coach:` and the code in lower case.")]
    title: str
    status: int
    detail: Annotated[str, Field(description="What is wrong, with which one, and what to do.")]
    code: ErrorCode
    retryable: Annotated[bool, Field(description="Whether the same request may succeed later.")]
    requestId: NotRequired[str]
    turnId: NotRequired[Annotated[str, Field(description="The turn that is in the way, or that failed.")]]
    savedContent: NotRequired[Annotated[str, Field(description="What was kept of the answer.")]]


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


class HistoryPage(TypedDict):
    """Messages, oldest first."""

    messages: list[Message]
    cursor: NotRequired[Cursor]


class Conversation(TypedDict):
    """A conversation with a coach."""

    conversationId: str
    coachId: str
    messageCount: int
    createdAt: Moment
    lastActivityAt: Moment
    activeTurnId: NotRequired[Annotated[str, Field(description="The turn that is running or waiting.")]]


class ConversationPage(TypedDict):
    """Conversations, latest activity first."""

    conversations: list[Conversation]
    cursor: NotRequired[Cursor]


class ConversationCreated(TypedDict):
    conversationId: str


class Coach(TypedDict):
    """A coach's configuration."""

    coachId: str
    name: str
    persona: str
    specialities: list[str]
    style: str
    goals: list[str]
    limits: list[str]


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
    stopReason: str
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
    stopReason: NotRequired[str]
    usage: NotRequired[Usage]
    timings: NotRequired[Timings]


class TurnStopped(TypedDict):
    """A turn that was asked to stop."""

    turnId: str
    status: TurnStatus


class Health(TypedDict):
    status: Literal["ok"]


class ProbeLine(TypedDict, total=False):
    """A line of the word probe: it starts, a word, or it is complete."""

    status: Literal["start", "complete"]
    type: Literal["word"]
    data: str
    sequence: int
    total: int
    word_count: int
    request_id: str
    timestamp: Moment


type Words = Annotated[str, Field(description="The words, one write each, and a newline.")]


class ApiDocument(TypedDict):
    """This document."""

    openapi: str
    info: dict[str, Any]
    paths: dict[str, Any]
