"""What clients may send, where it is not a model that serves: unions, and what is read without a model."""

from typing import Annotated, Literal, TypedDict

from pydantic import Field

from libs.streaming import probe
from libs.streaming.probe import ProbeFormat
from stream_coach.bodies import ChatBody, TurnBody

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

type Delay = Annotated[float, Field(ge=0, le=probe.MAX_DELAY_S, description="Seconds between two words.")]


class ProbeBody(TypedDict, total=False):
    """What the word probe shall say, and how slowly."""

    delay: Delay
    format: ProbeFormat
    sentence: Annotated[str, Field(min_length=1, max_length=probe.MAX_SENTENCE_BYTES)]
