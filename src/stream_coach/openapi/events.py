"""The events of a stream, as they stand on the typed wire."""

from typing import Annotated, Literal, NotRequired, TypedDict

from pydantic import Field

from libs.coach_conversation.router import UpdateStage
from libs.streaming.events import NoticeKind, Stage
from stream_coach.openapi.codes import ErrorCode
from stream_coach.openapi.turns import Message, StopReason, Timings, Usage


class StartEvent(TypedDict):
    """The message is stored; first, at once."""

    type: Literal["start"]
    status: Literal["initialized"]
    turnId: str
    conversationId: str
    messageId: Annotated[str, Field(description="The id that the answer will have.")]


class ProgressEvent(TypedDict):
    """What the turn is doing now; not part of the message."""

    type: Literal["progress"]
    stage: Stage
    message: str


class ContextualEvent(TypedDict):
    """An aside of the coach; part of the saved message."""

    type: Literal["contextual"]
    stage: UpdateStage
    content: str


class RecalledMemory(TypedDict):
    """What the answer was given, and why: a memory that is `pinned` to every answer, or found by `search` or
    by its `words`; or what was found of an `exchange`, a `summary` or a `workout`, under its own id.
    """

    memoryId: str
    snippet: str
    score: float
    source: Literal["pinned", "search", "words", "exchange", "summary", "workout"]


class RecallEvent(TypedDict):
    """What was recalled for this answer, and from where."""

    type: Literal["recall"]
    memories: list[RecalledMemory]


class ChunkEvent(TypedDict):
    """A piece of the answer, as the model gave it."""

    type: Literal["chunk"]
    content: str


class NoticeEvent(TypedDict):
    """Something that the person should know about this answer."""

    type: Literal["notice"]
    kind: NoticeKind
    message: str


class CompleteEvent(TypedDict):
    """The answer is saved; last."""

    type: Literal["complete"]
    status: Literal["finished"]
    messageId: str
    conversationId: str
    userMessage: NotRequired[Message]
    aiMessage: Message
    stopReason: StopReason
    usage: Usage
    timings: Timings


class ErrorEvent(TypedDict):
    """The turn, or this view of it, ended without `complete`; last. Also the body of a refusal."""

    type: Literal["error"]
    code: ErrorCode
    message: str
    retryable: Annotated[bool, Field(description="Whether the same request may succeed later.")]
    turnId: NotRequired[str]
    savedContent: NotRequired[Annotated[str, Field(description="What was kept of the answer.")]]


type TurnEvent = Annotated[
    StartEvent
    | ProgressEvent
    | ContextualEvent
    | RecallEvent
    | ChunkEvent
    | NoticeEvent
    | CompleteEvent
    | ErrorEvent,
    Field(
        discriminator="type",
        description=(
            "One event of the stream: the JSON of its `data:` line. Its `id:` line is `<turnId>.<n>`, "
            "n counting up from 1; there is no `event:` line. A silent stream sends comments. "
            "Order: start (progress | contextual | recall | notice | chunk)* (complete | error). "
            "Under the protocol `ui` the stream holds the parts of the AI SDK's UI message stream, "
            "version 1, instead, and ends with `[DONE]`."
        ),
    ),
]
type UiMessageStream = Annotated[
    str, Field(description="The AI SDK's UI message stream, version 1: parts as JSON, then `[DONE]`.")
]
type DataStream = Annotated[
    str,
    Field(
        description=(
            "The AI SDK's data stream, version 1: lines of `CODE:JSON`. `f` start, `2` progress, asides, "
            "receipts and notices, `0` a piece of the answer, `3` an error, `e` and `d` the end. A silent "
            "stream sends `2:[]`. As `text/event-stream` where the client accepts that."
        )
    ),
]
