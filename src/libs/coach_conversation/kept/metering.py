"""Metering: what the model calls of a task used, whatever became of its effect."""

from collections.abc import Iterator

from libs.coach_conversation.ports import LanguageModel, ModelCall, ModelEvent, Prompt, ToolAnswer
from libs.coach_conversation.types import Usage


class MeteredModel(LanguageModel):
    """A model whose tools' answers are added up in `usage`; used by one thread."""

    def __init__(self, model: LanguageModel) -> None:
        self._model = model
        self.usage = Usage()

    def call(self, prompt: Prompt) -> ModelCall:
        return _MeteredCall(self, self._model.call(prompt))


class _MeteredCall(ModelCall):
    def __init__(self, meter: MeteredModel, call: ModelCall) -> None:
        self._meter, self._call = meter, call

    def events(self) -> Iterator[ModelEvent]:
        return self._call.events()

    def tool_answer(self) -> ToolAnswer:
        answer = self._call.tool_answer()
        self._meter.usage += answer.usage
        return answer

    def abandon(self) -> None:
        self._call.abandon()
