"""What a turn needs from outside, in its own words; `table.py` holds the port to the store."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Protocol

from libs.coach_conversation.store.ids import UlidSource
from libs.coach_conversation.store.table import Table
from libs.coach_conversation.types import ConversationRef, Limits, Task, TurnId, Usage
from libs.coach_conversation.types import PromptMessage as PromptMessage
from libs.memory.vectors import Vectors


@dataclass(frozen=True, slots=True)
class Tool:
    """The one tool that a model must answer with: its input is the answer."""

    name: str
    description: str
    input_schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """One model call.

    Shape   `system` has the stable texts first: the first `stable_system` of them are worth caching;
            not `streamed`: the whole answer comes as one delta
    """

    model_id: str
    system: tuple[str, ...]
    messages: tuple[PromptMessage, ...]
    max_tokens: int
    temperature: float | None = None
    tool: Tool | None = None
    stable_system: int = 0
    streamed: bool = True


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of text from the model, never empty."""

    text: str


@dataclass(frozen=True, slots=True)
class Stop:
    """The model said that it is done, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Metered:
    """What the call used; comes after Stop."""

    usage: Usage


type ModelEvent = Delta | Stop | Metered


@dataclass(frozen=True, slots=True)
class ToolAnswer:
    """What a model gave as the tool's input: any JSON, not yet checked."""

    value: Any
    usage: Usage


class ModelCall(Protocol):
    """One call, not begun until it is iterated or asked; used by one thread, abandoned by any.

    Each raises ModelThrottled, ModelUnavailable, ModelRefused or ModelStreamInterrupted.
    """

    def events(self) -> Iterator[ModelEvent]:
        """Yield deltas as they come, then Stop, then Metered."""
        ...

    def tool_answer(self) -> ToolAnswer:
        """Return the input of the tool call, complete."""
        ...

    def abandon(self) -> None:
        """End the call now: whoever waits for it is woken by an error."""
        ...


class LanguageModel(Protocol):
    def call(self, prompt: Prompt) -> ModelCall: ...


class TurnQueue(Protocol):
    """Carries ids to the worker, never a person's words. Raises StoreUnavailable."""

    def send_turn(self, ref: ConversationRef, turn_id: TurnId, /) -> None: ...

    def send_task(self, ref: ConversationRef, turn_id: TurnId, task: Task, /) -> None: ...


class Executor(Protocol):
    """Runs work beside the caller."""

    def submit[T](self, work: Callable[[], T], /) -> Future[T]: ...


class Clock(Protocol):
    def now_ms(self) -> int:
        """Return the time since the epoch, in milliseconds; for records and leases."""
        ...

    def monotonic_s(self) -> float:
        """Return a time that only goes up, in seconds; for durations and deadlines."""
        ...

    def sleep(self, seconds: float) -> None: ...


class Journal(Protocol):
    """Hears of what an operator should see; never of a person's words."""

    def turn_ended(self, fields: Mapping[str, Any]) -> None: ...

    def chat_ended(self, fields: Mapping[str, Any]) -> None:
        """Record the end of an answer of which nothing is stored."""
        ...

    def task_failed(self, fields: Mapping[str, Any]) -> None:
        """Record that a follow-up is given up."""
        ...

    def unexpected(self, where: str) -> None:
        """Record the exception being handled, with its traceback."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """All of them. Without `vectors` people's memories are found by their words only."""

    table: Table
    model: LanguageModel
    executor: Executor
    clock: Clock
    ulid: UlidSource
    journal: Journal
    queue: TurnQueue
    limits: Limits
    answer_model_id: str
    router_model_id: str
    vectors: Vectors | None = None
    fallback_model_id: str = ""
    streaming_enabled: bool = True
    empty_answers: bool = True
    chat_model_id: str = ""
    chat_system: str = ""
    starter_coach: Mapping[str, Any] | None = None
    jitter: Callable[[], float] = lambda: 1.0
