"""A language model that speaks in virtual time, by a script for each call."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

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
from tests.fakes.model import ANSWER_USAGE, ROUTER_USAGE
from tests.faults.scheduler import wait


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing is said for a while; ends at once when the call is abandoned."""

    seconds: float


type Step = Pause | ModelEvent | ToolAnswer | Exception
type Script = tuple[Step, ...]

ROUTED: Final[Script] = (
    Pause(0.1),
    ToolAnswer(
        {
            "userIntent": "question",
            "showContextualUpdates": True,
            "workoutDetection": {},
            "memoryProcessing": {},
            "contextualUpdates": [{"stage": "insights_brewing", "content": "Thinking squats over..."}],
        },
        ROUTER_USAGE,
    ),
)
_KEY: Final = re.compile(r"\(key ([\w-]+)\)")


def spoken(text: str, *, deltas: int = 6, pause_s: float = 0.3) -> Script:
    """Return the script of a whole answer; each delta begins with `text`."""
    said = [step for number in range(deltas) for step in (Pause(pause_s), Delta(f"{text}.{number} "))]
    return (*said, Stop("end_turn"), Metered(ANSWER_USAGE))


def asks(key: str) -> str:
    """Return what a person says under this key; the model finds the key in it."""
    return f"How do I squat deeper? (key {key})"


@dataclass(frozen=True, slots=True)
class Called:
    """A model call that was begun."""

    key: str
    routing: bool
    process: str
    at_s: float


class ScriptedModel(LanguageModel):
    """The model as one process sees it; `calls` and `scripts` are the world's.

    Without a script of its own the n-th answer to a key is `spoken` with the key and n, so that no two
    answers have a word in common. After its last script a key gets that script again.
    """

    def __init__(
        self,
        process: str,
        calls: list[Called],
        scripts: Mapping[str, Sequence[Script]],
        now: Callable[[], float],
    ) -> None:
        self._process, self._calls, self._scripts, self._now = process, calls, scripts, now

    def call(self, prompt: Prompt) -> ModelCall:
        return _ScriptedCall(self, prompt)

    def begin(self, prompt: Prompt) -> Script:
        """Note the call and return what happens in it."""
        routing = prompt.tool is not None
        key = _KEY.findall(prompt.messages[-1].text)[-1]
        before = sum(call.key == key and not call.routing for call in self._calls)
        self._calls.append(Called(key, routing, self._process, self._now()))
        if routing:
            return ROUTED
        scripts = self._scripts.get(key)
        return scripts[min(before, len(scripts) - 1)] if scripts else spoken(f"{key}:{before + 1}")


class _ScriptedCall(ModelCall):
    def __init__(self, model: ScriptedModel, prompt: Prompt) -> None:
        self._model, self._prompt = model, prompt
        self._abandoned = False

    def abandon(self) -> None:
        self._abandoned = True

    def tool_answer(self) -> ToolAnswer:
        return next(step for step in self._steps() if isinstance(step, ToolAnswer))

    def events(self) -> Iterator[ModelEvent]:
        for step in self._steps():
            assert not isinstance(step, ToolAnswer), "this call answers with a tool"
            yield step

    def _steps(self) -> Iterator[ModelEvent | ToolAnswer]:
        for step in self._model.begin(self._prompt):
            if isinstance(step, Pause):
                wait(lambda: self._abandoned, step.seconds)
            if self._abandoned:
                raise ModelStreamInterrupted("the call was abandoned")
            if isinstance(step, Exception):
                raise step
            if not isinstance(step, Pause):
                yield step
