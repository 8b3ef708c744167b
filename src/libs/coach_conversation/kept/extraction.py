"""Extraction: what a message holds, by a tool call to the small model, checked before it counts."""

from typing import Final

from pydantic import ValidationError

from libs.coach_conversation import prompts
from libs.coach_conversation.errors import ExtractionMalformed
from libs.coach_conversation.kept.tools import ToolInput
from libs.coach_conversation.models import traits_of
from libs.coach_conversation.ports import Ports, Prompt, PromptMessage, Tool
from libs.coach_conversation.types import Message

TRIES: Final = 2
MAX_TOKENS: Final = 2000


def ask(text: str, *, system: str, tool: Tool, model_id: str) -> Prompt:
    """Return the one call: `system` names a prompt without fields, `text` holds the fenced words."""
    return Prompt(
        model_id=model_id,
        system=(prompts.render(system),),
        messages=(PromptMessage("user", text),),
        max_tokens=MAX_TOKENS,
        temperature=0.0 if traits_of(model_id).sampling else None,
        tool=tool,
        stable_system=1,
    )


def ask_about(said: Message, *, system: str, tool: Tool, model_id: str) -> Prompt:
    """Return the call that asks about one message of a person."""
    fenced = prompts.render("extraction_message", now=said.created_at, message=prompts.as_data(said.content))
    return ask(fenced, system=system, tool=tool, model_id=model_id)


def extract[Shape: ToolInput](shape: type[Shape], prompt: Prompt, ports: Ports) -> Shape:
    """Return what the model found, checked.

    Raises  ExtractionMalformed: it gave something else, twice; ModelFailed as the call raises it
    """
    for _ in range(TRIES):
        answer = ports.model.call(prompt).tool_answer()
        try:
            return shape.model_validate(answer.value)
        except (ValidationError, RecursionError):
            continue
    raise ExtractionMalformed("the model did not give what was asked for, twice")
