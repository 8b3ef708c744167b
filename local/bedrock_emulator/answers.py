"""What is to be said: an answer as a value, cut into deltas and to its limits."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from local.bedrock_emulator.requests import InferenceConfig
from local.bedrock_emulator.usage import CHARACTERS_PER_TOKEN, count_tokens

type StopReason = Literal["end_turn", "tool_use", "max_tokens", "stop_sequence", "guardrail_intervened"]

_DELTA: Final = re.compile(r"\S+\s*|\s+")


@dataclass(frozen=True, slots=True)
class ToolUse:
    tool_use_id: str
    name: str
    input: Any


@dataclass(frozen=True, slots=True)
class Answer:
    """One block of content, or none when there are no deltas.

    Shape   `deltas` concatenate to the text, or with `tool` to the JSON of its input
    """

    deltas: tuple[str, ...]
    stop_reason: StopReason
    tool: ToolUse | None = None

    @property
    def text(self) -> str:
        return "".join(self.deltas)

    @property
    def output_tokens(self) -> int:
        return count_tokens(self.text)

    def content(self) -> list[dict[str, Any]]:
        """Return the content blocks as Converse gives them."""
        if self.tool is not None:
            use = {"toolUseId": self.tool.tool_use_id, "name": self.tool.name, "input": self.tool.input}
            return [{"toolUse": use}]
        return [{"text": self.text}] if self.deltas else []

    def first(self, count: int) -> "Answer":
        return replace(self, deltas=self.deltas[:count])


def split_deltas(text: str) -> tuple[str, ...]:
    """Return the pieces of `text`, each ending after a run of whitespace; together they are `text`."""
    return tuple(_DELTA.findall(text))


def text_answer(text: str, limits: InferenceConfig) -> Answer:
    """Return `text` as an answer, ended by a stop sequence or by `maxTokens`, whichever comes first."""
    stops = [place for stop in limits.stop_sequences if (place := text.find(stop)) >= 0]
    reason: StopReason = "stop_sequence" if stops else "end_turn"
    ended = text[: min(stops)] if stops else text
    allowed = _allowed_characters(limits)
    if allowed is not None and len(ended) > allowed:
        return Answer(split_deltas(ended[:allowed]), "max_tokens")
    return Answer(split_deltas(ended), reason)


def tool_answer(use: ToolUse, limits: InferenceConfig) -> Answer:
    """Return a tool call as an answer; one that does not fit `maxTokens` has lost its input."""
    written = json.dumps(use.input, ensure_ascii=False)
    allowed = _allowed_characters(limits)
    if allowed is not None and len(written) > allowed:
        return Answer(split_deltas(written[:allowed]), "max_tokens", replace(use, input={}))
    return Answer(split_deltas(written), "tool_use", use)


def answer_of(deltas: Iterable[str], stop_reason: StopReason) -> Answer:
    return Answer(tuple(deltas), stop_reason)


def _allowed_characters(limits: InferenceConfig) -> int | None:
    return None if limits.max_tokens is None else limits.max_tokens * CHARACTERS_PER_TOKEN
