"""All of a person's data, as it is exported, and how its deletion stands."""

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from pydantic import Field

from libs.coach_conversation.types import Mode, Role, TurnStatus
from stream_coach.openapi.answers import Coach
from stream_coach.openapi.kept import Memory, Workout
from stream_coach.openapi.turns import Message, Moment, StopReason, Timings, Usage


class ExportedCoach(Coach):
    kind: Literal["coach"]


class ExportedMemory(Memory):
    kind: Literal["memory"]


class ExportedWorkout(Workout):
    kind: Literal["workout"]


class ExportedConversation(TypedDict):
    kind: Literal["conversation"]
    conversationId: str
    coachId: str
    messageCount: int
    createdAt: Moment


class InConversation(TypedDict):
    conversationId: str


class ExportedMessage(Message, InConversation):
    kind: Literal["message"]


class ExportedSummary(TypedDict):
    """The conversation so far, up to and with one of its messages, as it was summed up."""

    kind: Literal["summary"]
    conversationId: str
    lastMessageId: str
    turnId: str
    narrative: str
    current_goals: list[str]
    recent_progress: list[str]
    training_preferences: list[str]
    schedule_constraints: list[str]
    key_insights: list[str]
    important_context: list[str]
    conversation_tags: list[str]


class ExportedTurn(TypedDict):
    """How a turn ended, or how it stands; kept for 30 days."""

    kind: Literal["turn"]
    conversationId: str
    turnId: str
    status: TurnStatus
    mode: Mode
    createdAt: Moment
    userMessageId: str
    assistantMessageId: str
    stopReason: NotRequired[StopReason]
    errorCode: NotRequired[str]
    errorMessage: NotRequired[str]
    usage: NotRequired[Usage | dict[str, Any]]
    timings: NotRequired[Timings | dict[str, Any]]


class EarlierMessage(TypedDict):
    role: Role
    text: str


class ExportedChat(TypedDict):
    """What a job was asked, but for its last message, which is a message of its own."""

    kind: Literal["chat"]
    conversationId: str
    messages: list[EarlierMessage]
    system: str
    modelId: str
    maxTokens: NotRequired[int]
    temperature: NotRequired[float]


type Exported = Annotated[
    ExportedCoach
    | ExportedMemory
    | ExportedWorkout
    | ExportedConversation
    | ExportedMessage
    | ExportedSummary
    | ExportedTurn
    | ExportedChat,
    Field(discriminator="kind"),
]


class ExportPage(TypedDict):
    """Some of all that is kept: coaches, memories and workouts first, then conversation by conversation.

    Within a conversation its own record comes first, then messages, summaries and turns. What was there
    when the export began, and still is at its end, is in it exactly once.
    """

    records: list[Exported]
    next: NotRequired[
        Annotated[
            str,
            Field(
                description="`after` of the next page; absent on the last one. "
                "A page may be short or empty and have one: it ends after about 1 MB or 40 reads."
            ),
        ]
    ]


class DataState(TypedDict):
    """Whether all that is kept of the person is being deleted, and since when."""

    deleting: bool
    since: NotRequired[Moment]
