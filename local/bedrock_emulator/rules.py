"""What Bedrock and its models refuse although the shape is right; each rule yields its complaints.

Source  messages of the service as clients report them; model traits from Anthropic's model notes.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from local.bedrock_emulator.errors import BedrockError
from local.bedrock_emulator.requests import ContentBlock, ConverseRequest, Message

type Rule = Callable[[str, ConverseRequest], Iterator[str]]


@dataclass(frozen=True, slots=True)
class Restrictions:
    """What models whose id contains a name do not take; any other model takes all."""

    sampling: bool = False
    sampling_pair: bool = False
    forced_tool: bool = False
    prefill: bool = False


_RESTRICTIONS: Final = (
    ("claude-sonnet-5", Restrictions(sampling=True, forced_tool=True, prefill=True)),
    ("claude-haiku-4-5", Restrictions(sampling_pair=True)),
)


def check_request(model_id: str, request: ConverseRequest) -> None:
    """Let a request pass that the service would take. Raises BedrockError (ValidationException)."""
    for rule in _RULES:
        for complaint in rule(model_id, request):
            raise BedrockError("ValidationException", complaint)


def _restrictions_of(model_id: str) -> Restrictions:
    return next((limits for name, limits in _RESTRICTIONS if name in model_id), Restrictions())


def _conversation_starts_with_user(_: str, request: ConverseRequest) -> Iterator[str]:
    if not request.messages or request.messages[0].role != "user":
        yield (
            "A conversation must start with a user message. Try again with a conversation that starts "
            "with a user message."
        )


def _roles_alternate(_: str, request: ConverseRequest) -> Iterator[str]:
    roles = [message.role for message in request.messages]
    if any(one == next_one for one, next_one in pairwise(roles)):
        yield (
            "A conversation must alternate between user and assistant roles. Make sure the conversation "
            "alternates between user and assistant roles and try again."
        )


def _content_is_there(_: str, request: ConverseRequest) -> Iterator[str]:
    for index, message in enumerate(request.messages):
        if not message.content:
            yield (
                f"The content field in the Message object at messages.{index} is empty. Add a ContentBlock "
                "object to the content field and try again."
            )


def _texts_are_not_blank(_: str, request: ConverseRequest) -> Iterator[str]:
    for index, message in enumerate(request.messages):
        for position, block in enumerate(message.content):
            if block.text is not None and not block.text.strip():
                yield (
                    f"The text field in the ContentBlock object at messages.{index}.content.{position} is "
                    "blank. Add text to the text field, and try again."
                )
    for index, system in enumerate(request.system):
        if system.text is not None and not system.text.strip():
            yield (
                f"The text field in the SystemContentBlock object at system.{index} is blank. Add text to "
                "the text field, and try again."
            )


def _tool_blocks_pair_up(_: str, request: ConverseRequest) -> Iterator[str]:
    asked: set[str] = set()
    for index, message in enumerate(request.messages):
        given = {block.tool_result.tool_use_id for block in message.content if block.tool_result}
        if missing := asked - given:
            yield (
                f"Expected toolResult blocks at messages.{index}.content for the following Ids: "
                f"{', '.join(sorted(missing))}"
            )
        if given - asked:
            yield (
                f"The number of toolResult blocks at messages.{index}.content exceeds the number of toolUse "
                "blocks of previous turn."
            )
        asked = {block.tool_use.tool_use_id for block in message.content if block.tool_use}


def _tool_blocks_have_a_config(_: str, request: ConverseRequest) -> Iterator[str]:
    def is_tool_block(block: ContentBlock) -> bool:
        return block.tool_use is not None or block.tool_result is not None

    used = any(is_tool_block(block) for message in request.messages for block in message.content)
    if used and request.tool_config is None:
        yield "The toolConfig field must be defined when using toolUse and toolResult content blocks."


def _tools_have_names_of_their_own(_: str, request: ConverseRequest) -> Iterator[str]:
    if request.tool_config is None:
        return
    names = [spec.name for spec in request.tool_config.specs()]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"The toolConfig field contains the tool name {name} more than once. Use each name once."
    choice = request.tool_config.tool_choice
    if choice is not None and choice.tool is not None and choice.tool.name not in names:
        yield f"The tool {choice.tool.name} in toolConfig.toolChoice.tool is not among toolConfig.tools."


def _model_takes_sampling(model_id: str, request: ConverseRequest) -> Iterator[str]:
    limits = _restrictions_of(model_id)
    extra = request.additional_model_request_fields
    given = {
        "temperature": request.inference_config.temperature is not None or "temperature" in extra,
        "top_p": request.inference_config.top_p is not None or "top_p" in extra,
        "top_k": "top_k" in extra,
    }
    named = next((name for name, is_given in given.items() if is_given), None)
    if limits.sampling and named:
        yield f"The model returned the following errors: `{named}` is not supported for this model."
    if limits.sampling_pair and given["temperature"] and given["top_p"]:
        yield (
            "The model returned the following errors: `temperature` and `top_p` cannot both be specified "
            "for this model. Please use only one."
        )


def _model_takes_tool_choice(model_id: str, request: ConverseRequest) -> Iterator[str]:
    choice = request.tool_config.tool_choice if request.tool_config else None
    if choice is None or not _restrictions_of(model_id).forced_tool:
        return
    forced = "tool" if choice.tool is not None else "any" if choice.any is not None else None
    if forced:
        yield (
            f"This model doesn't support the toolConfig.toolChoice.{forced} field. Remove "
            f"toolConfig.toolChoice.{forced} and try again."
        )


def _model_takes_prefill(model_id: str, request: ConverseRequest) -> Iterator[str]:
    last: Message = request.messages[-1]
    if last.role != "assistant":
        return
    if _restrictions_of(model_id).prefill:
        yield (
            "The model returned the following errors: This model does not support assistant message "
            "prefill. The conversation must end with a user message."
        )
    text = next(reversed(tuple(last.texts())), "")
    if "anthropic" in model_id and text != text.rstrip():
        yield (
            "The model returned the following errors: messages: final assistant content cannot end with "
            "trailing whitespace"
        )


_RULES: Final[tuple[Rule, ...]] = (
    _conversation_starts_with_user,
    _roles_alternate,
    _content_is_there,
    _texts_are_not_blank,
    _tool_blocks_pair_up,
    _tool_blocks_have_a_config,
    _tools_have_names_of_their_own,
    _model_takes_sampling,
    _model_takes_tool_choice,
    _model_takes_prefill,
)
