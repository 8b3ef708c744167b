"""The language model port, scripted."""

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from libs.coach_conversation.errors import ModelStreamInterrupted
from libs.coach_conversation.ports import (
    Delta,
    LanguageModel,
    Metered,
    ModelCall,
    ModelEvent,
    Prompt,
    Stop,
    ToolAnswer,
)
from libs.coach_conversation.router import TOOL_NAME
from libs.coach_conversation.types import Usage

PATIENCE_S = 10.0
ROUTER_USAGE = Usage(input_tokens=100, output_tokens=10, model_calls=1, cost_usd=0.001)
ANSWER_USAGE = Usage(input_tokens=200, output_tokens=20, model_calls=1, cost_usd=0.01)


class Gate:
    """Holds a call until it is opened or abandoned; `reached` is set once a call waits there."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self._changed = threading.Condition()
        self._open = False

    def open(self) -> None:
        with self._changed:
            self._open = True
            self._changed.notify_all()

    def wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def wait(self, abandoned: threading.Event) -> None:
        with self._changed:
            self.reached.set()
            assert self._changed.wait_for(lambda: self._open or abandoned.is_set(), PATIENCE_S), "not opened"


type Step = ModelEvent | ToolAnswer | BaseException | Gate
"""What happens next in a call: something is said, something breaks, or it waits."""


def answering(*deltas: str, stop: str = "end_turn", usage: Usage = ANSWER_USAGE) -> tuple[Step, ...]:
    return (*map(Delta, deltas), Stop(stop), Metered(usage))


def routing(**analysis: object) -> tuple[Step, ...]:
    return (ToolAnswer(analysis, ROUTER_USAGE),)


class FakeCall(ModelCall):
    """Goes through its steps; abandoned, it breaks at once, wherever it is."""

    def __init__(self, prompt: Prompt, steps: Sequence[Step]) -> None:
        self.prompt = prompt
        self.abandoned = threading.Event()
        self._steps = steps

    def abandon(self) -> None:
        self.abandoned.set()
        for step in self._steps:
            if isinstance(step, Gate):
                step.wake()

    def events(self) -> Iterator[ModelEvent]:
        for step in self._walk():
            assert not isinstance(step, ToolAnswer), "this call answers with a tool"
            yield step

    def tool_answer(self) -> ToolAnswer:
        for step in self._walk():
            if isinstance(step, ToolAnswer):
                return step
        raise AssertionError("this call answers without a tool")

    def _walk(self) -> Iterator[ModelEvent | ToolAnswer]:
        for step in self._steps:
            if isinstance(step, Gate):
                step.wait(self.abandoned)
            if self.abandoned.is_set():
                raise ModelStreamInterrupted("the call was abandoned")
            if isinstance(step, BaseException):
                raise step
            if not isinstance(step, Gate):
                yield step


class FakeModel(LanguageModel):
    """Gives a router call `router`, the n-th answer call the n-th of `answers`, and then the last again.

    Any other tool is given its `extracted` values in the same way; one that is an error is raised.
    """

    def __init__(
        self,
        *answers: Iterable[Step],
        router: Iterable[Step] = routing(userIntent="question"),
        extracted: Mapping[str, Sequence[object]] = MappingProxyType({}),
    ) -> None:
        self._extracted = extracted
        self._answers = [tuple(steps) for steps in answers] or [answering("Three sets", " of five.")]
        self._router = tuple(router)
        self.calls: list[FakeCall] = []

    @property
    def prompts(self) -> list[Prompt]:
        return [call.prompt for call in self.calls]

    @property
    def routed(self) -> list[FakeCall]:
        return self.using(TOOL_NAME)

    @property
    def answered(self) -> list[FakeCall]:
        return [call for call in self.calls if call.prompt.tool is None]

    def using(self, tool: str) -> list[FakeCall]:
        """Return the calls that had to answer with this tool."""
        return [call for call in self.calls if call.prompt.tool is not None and call.prompt.tool.name == tool]

    def call(self, prompt: Prompt) -> ModelCall:
        steps = self._router
        if prompt.tool is None:
            steps = self._answers[min(len(self.answered), len(self._answers) - 1)]
        elif prompt.tool.name in self._extracted:
            given = self._extracted[prompt.tool.name]
            value = given[min(len(self.using(prompt.tool.name)), len(given) - 1)]
            steps = (value if isinstance(value, BaseException) else ToolAnswer(value, ROUTER_USAGE),)
        call = FakeCall(prompt, steps)
        self.calls.append(call)
        return call
