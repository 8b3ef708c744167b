"""What a fault does to an answer: another answer, or one that breaks off; pure."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from local.bedrock_emulator.answers import Answer, ToolUse, answer_of, split_deltas, tool_answer
from local.bedrock_emulator.errors import BedrockError, ErrorKind
from local.bedrock_emulator.requests import InferenceConfig
from local.bedrock_emulator.script import Fault, FaultKind, StreamException

GUARDRAIL_TEXT: Final = "Sorry, I can't help with that."
FAULT_MESSAGE: Final = "A fault of the emulator's script."

type Break = StreamException | Literal["drop", "silence", "no_message_stop"]

STREAM_EXCEPTIONS: Final[dict[FaultKind, ErrorKind]] = {
    "throttlingException": "ThrottlingException",
    "modelStreamErrorException": "ModelErrorException",
    "internalServerException": "InternalServerException",
    "serviceUnavailableException": "ServiceUnavailableException",
    "validationException": "ValidationException",
}
"""Exceptions inside a stream, and what Converse, which has no stream, answers instead."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What goes out: an answer, and how it breaks off after its deltas where it does."""

    answer: Answer
    broken: Break | None = None


def refuse_before(fault: Fault | None) -> None:
    """Raise the BedrockError of a fault that comes before any answer."""
    if fault is not None and fault.kind == "throttle_before":
        raise BedrockError(
            "ThrottlingException", "Too many requests, please wait before trying again. " + FAULT_MESSAGE
        )


def outcome_of(answer: Answer, fault: Fault | None, *, strike: int) -> Outcome:
    """Return what a call gives whose answer a fault may have hit.

    Shape   `strike` counts from 1 the faults taken under the script in force; `malformed_tool` uses it to
            go through its kinds of garbage
    """
    if fault is None:
        return Outcome(answer)
    said = answer.first(fault.after_deltas)
    match fault.kind:
        case "throttle_before":
            return Outcome(answer)
        case "empty":
            return Outcome(answer_of((), "end_turn"))
        case "max_tokens":
            # a tool call cut off has lost its input
            tool = replace(answer.tool, input={}) if answer.tool else None
            return Outcome(Answer(said.deltas, "max_tokens", tool))
        case "guardrail_intervened":
            before = () if answer.tool else said.deltas
            return Outcome(answer_of((*before, *split_deltas(GUARDRAIL_TEXT)), "guardrail_intervened"))
        case "malformed_tool":
            return Outcome(_malformed(answer, strike))
        case kind:
            return Outcome(said, broken=kind)


def _malformed(answer: Answer, strike: int) -> Answer:
    if answer.tool is None:
        return answer
    make = _GARBAGE[(strike - 1) % len(_GARBAGE)]
    return make(answer.tool)


def _with_input(value: Any) -> Callable[[ToolUse], Answer]:
    return lambda use: tool_answer(replace(use, input=value), InferenceConfig())


def _text_instead(_: ToolUse) -> Answer:
    return answer_of(split_deltas("I would rather answer in words than call the tool."), "end_turn")


_GARBAGE: Final[tuple[Callable[[ToolUse], Answer], ...]] = (
    _with_input({"userIntent": 42, "workoutDetection": "yes", "contextualUpdates": {"": []}}),
    _text_instead,
    _with_input({}),
    _with_input('{"userIntent": "quest'),
    lambda use: tool_answer(replace(use, name="another_tool"), InferenceConfig()),
)
"""In this order: wrong types, no toolUse, nothing, half of its JSON as a string, another tool's name."""
