"""A language model that speaks in virtual time, by a script for each call."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

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
from libs.coach_conversation.types import Task
from tests.fakes.model import ANSWER_USAGE, ROUTER_USAGE
from tests.faults.scheduler import wait


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing is said for a while; ends at once when the call is abandoned."""

    seconds: float


type Step = Pause | ModelEvent | ToolAnswer | Exception
type Script = tuple[Step, ...]

_KEY: Final = re.compile(r"\(key ([\w-]+)\)")


def routed(leaves: Collection[Task]) -> Script:
    """Return the script of the router for a message that leaves these tasks behind."""
    found = {
        "userIntent": "question",
        "showContextualUpdates": True,
        "workoutDetection": {"isWorkoutLog": "workout" in leaves},
        "memoryProcessing": {"isMemoryRequest": "memory" in leaves},
        "conversationComplexity": {"needsSummary": "summary" in leaves},
        "contextualUpdates": [{"stage": "insights_brewing", "content": "Thinking squats over..."}],
    }
    return (Pause(0.1), ToolAnswer(found, ROUTER_USAGE))


def extracted(tool: str, text: str, number: int) -> Script:
    """Return the script of the `number`-th call of a tool: no two answers to one message are the same.

    A summary says which keys it was told of.
    """
    found: dict[str, dict[str, Any]] = {
        "save_memory": {"content": f"hurts {number} times", "type": "constraint", "importance": "high"},
        "save_workout": {
            "discipline": "strength",
            "exercises": [],
            "notes": f"told {number} times",
            "performedAt": f"2026-11-{1 + number:02d}T08:00:00Z",
        },
        "save_summary": {"narrative": " ".join(f"(key {key})" for key in sorted(set(_KEY.findall(text))))},
    }
    return (Pause(0.2), ToolAnswer(found[tool], ROUTER_USAGE))


def keys_in(text: str) -> set[str]:
    """Return the keys of the messages that a text tells of."""
    return set(_KEY.findall(text))


def spoken(text: str, *, deltas: int = 6, pause_s: float = 0.3) -> Script:
    """Return the script of a whole answer; each delta begins with `text`."""
    said = [step for number in range(deltas) for step in (Pause(pause_s), Delta(f"{text}.{number} "))]
    return (*said, Stop("end_turn"), Metered(ANSWER_USAGE))


def asks(key: str) -> str:
    """Return what a person says under this key; the model finds the key in it."""
    return f"How do I squat deeper? (key {key})"


@dataclass(frozen=True, slots=True)
class Called:
    """A model call that was begun. Shape  `tool` None: an answer; more than the router's: a task's."""

    key: str
    tool: str | None
    process: str
    at_s: float

    @property
    def routing(self) -> bool:
        return self.tool == TOOL_NAME

    @property
    def of_turn(self) -> bool:
        return self.tool is None or self.routing


class ScriptedModel(LanguageModel):
    """The model as one process sees it; `calls` and `scripts` are the world's.

    Without a script of its own the n-th answer to a key is `spoken` with the key and n, so that no two
    answers have a word in common. After its last script a key gets that script again. `leaves` says
    which tasks a key leaves behind; the calls of tasks have scripts under the key and the tool.
    """

    def __init__(
        self,
        process: str,
        calls: list[Called],
        scripts: Mapping[str, Sequence[Script]],
        leaves: Mapping[str, Collection[Task]],
        now: Callable[[], float],
    ) -> None:
        self._process, self._calls, self._now = process, calls, now
        self._scripts, self._leaves = scripts, leaves

    def call(self, prompt: Prompt) -> ModelCall:
        return _ScriptedCall(self, prompt)

    def begin(self, prompt: Prompt) -> Script:
        """Note the call and return what happens in it."""
        tool, text = prompt.tool.name if prompt.tool is not None else None, prompt.messages[-1].text
        key = _KEY.findall(text)[-1]
        before = sum((call.key, call.tool) == (key, tool) for call in self._calls)
        self._calls.append(Called(key, tool, self._process, self._now()))
        if tool == TOOL_NAME:
            return routed(self._leaves.get(key, ()))
        scripts = self._scripts.get(key if tool is None else f"{key} {tool}")
        if scripts:
            return scripts[min(before, len(scripts) - 1)]
        return spoken(f"{key}:{before + 1}") if tool is None else extracted(tool, text, before + 1)


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
