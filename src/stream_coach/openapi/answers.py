"""What clients are answered. An optional field is absent, never null."""

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from pydantic import Field

from stream_coach.openapi.codes import ErrorCode
from stream_coach.openapi.turns import Message, Moment

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


class CoachPage(TypedDict):
    """Coaches, by their ids."""

    coaches: list[Coach]
    next: NotRequired[Annotated[str, Field(description="`after` of the next page; absent on the last one.")]]


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
