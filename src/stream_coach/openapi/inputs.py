"""What clients may send, where it is not a model that serves: unions, and what is read without a model."""

from typing import Annotated, Literal, NotRequired, TypedDict

from pydantic import Field

from libs.streaming import probe
from libs.streaming.probe import ProbeFormat
from stream_coach.bodies import ChatBody, TurnBody
from stream_coach.chat_bodies import MAX_MESSAGES, ChatMessage

type SaidBody = Annotated[
    TurnBody | ChatBody,
    Field(description="A message to the coach: in the words of this service, or of an AI SDK client."),
]
type TurnMode = Annotated[
    Literal["attach", "queued"],
    Field(description="Who runs the turn: the first to attach to its stream, or the worker."),
]


class LaterTurnBody(TurnBody):
    """A message to a coach, to be answered later."""

    mode: TurnMode = "attach"


class LaterChatBody(ChatBody):
    """The body of an AI SDK client, to be answered later."""

    mode: TurnMode = "attach"


type LaterBody = LaterTurnBody | LaterChatBody


class NamedChatMessage(ChatMessage):
    """The same with the id that the client has for it."""

    id: str = ""


class MessagesBody(TypedDict):
    """Messages that the client keeps, as AI SDK clients send them; the model is the service's own.

    All texts together have at most 256 KB of UTF-8.
    """

    id: NotRequired[str]
    trigger: NotRequired[
        Annotated[str, Field(description="Sent by AI SDK 5 and later; asks for the UI message stream.")]
    ]
    messageId: NotRequired[str]
    messages: Annotated[
        list[NamedChatMessage],
        Field(min_length=1, max_length=MAX_MESSAGES, description="Oldest first; the last one is answered."),
    ]
    system: NotRequired[Annotated[str, Field(description="Instructions; they follow the service's own.")]]
    maxTokens: NotRequired[Annotated[int, Field(ge=1, description="Never more than the service's limit.")]]
    temperature: NotRequired[Annotated[float, Field(ge=0, le=2)]]


type Delay = Annotated[float, Field(ge=0, le=probe.MAX_DELAY_S, description="Seconds between two words.")]


class ProbeBody(TypedDict, total=False):
    """What the word probe shall say, and how slowly."""

    delay: Delay
    format: ProbeFormat
    sentence: Annotated[str, Field(min_length=1, max_length=probe.MAX_SENTENCE_BYTES)]
