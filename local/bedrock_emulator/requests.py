"""The bodies of Converse and ConverseStream, as shapes; what they may say together is in `rules.py`.

Source  botocore's model of bedrock-runtime 2023-09-30. Stricter than the service on purpose: a member
        that does not exist is refused, because over the wire a typing error would be ignored in silence.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from local.bedrock_emulator.errors import BedrockError

type NonEmpty = Annotated[str, Field(min_length=1)]
type ToolName = Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]


class Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, alias_generator=to_camel)


class OneOf(Shape):
    """A shape of which exactly one member is set."""

    @model_validator(mode="after")
    def _one_member(self) -> "OneOf":
        if len([name for name in self.model_fields_set if getattr(self, name) is not None]) != 1:
            raise ValueError("exactly one member must be set")
        return self


class CachePoint(Shape):
    type: Literal["default"]
    ttl: Literal["5m", "1h"] = "5m"


class ToolUseContent(Shape):
    tool_use_id: NonEmpty
    name: ToolName
    input: Any
    type: str | None = None


class ToolResultContent(Shape):
    tool_use_id: NonEmpty
    content: tuple[dict[str, Any], ...]
    status: Literal["success", "error"] | None = None
    type: str | None = None


class ContentBlock(OneOf):
    text: str | None = None
    tool_use: ToolUseContent | None = None
    tool_result: ToolResultContent | None = None
    cache_point: CachePoint | None = None
    image: dict[str, Any] | None = None
    document: dict[str, Any] | None = None
    video: dict[str, Any] | None = None
    audio: dict[str, Any] | None = None
    guard_content: dict[str, Any] | None = None
    reasoning_content: dict[str, Any] | None = None
    citations_content: dict[str, Any] | None = None
    search_result: dict[str, Any] | None = None


class Message(Shape):
    role: Literal["user", "assistant"]
    content: tuple[ContentBlock, ...]

    def texts(self) -> Iterator[str]:
        return (block.text for block in self.content if block.text is not None)


class SystemBlock(OneOf):
    text: str | None = None
    guard_content: dict[str, Any] | None = None
    cache_point: CachePoint | None = None


class InferenceConfig(Shape):
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    temperature: Annotated[float, Field(ge=0, le=1)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    stop_sequences: Annotated[tuple[NonEmpty, ...], Field(max_length=2500)] = ()


class InputSchema(Shape):
    json_: dict[str, Any] = Field(alias="json")


class ToolSpec(Shape):
    name: ToolName
    input_schema: InputSchema
    description: NonEmpty | None = None
    strict: bool | None = None


class Tool(OneOf):
    tool_spec: ToolSpec | None = None
    system_tool: dict[str, Any] | None = None
    cache_point: CachePoint | None = None


class NamedTool(Shape):
    name: ToolName


class Nothing(Shape):
    """An object without members."""


class ToolChoice(OneOf):
    auto: Nothing | None = None
    any: Nothing | None = None
    tool: NamedTool | None = None


class ToolConfig(Shape):
    tools: Annotated[tuple[Tool, ...], Field(min_length=1)]
    tool_choice: ToolChoice | None = None

    def specs(self) -> tuple[ToolSpec, ...]:
        return tuple(tool.tool_spec for tool in self.tools if tool.tool_spec is not None)


class ConverseRequest(Shape):
    messages: tuple[Message, ...] = ()
    system: tuple[SystemBlock, ...] = ()
    inference_config: InferenceConfig = InferenceConfig()
    tool_config: ToolConfig | None = None
    additional_model_request_fields: dict[str, Any] = {}
    additional_model_response_field_paths: tuple[str, ...] = ()
    guardrail_config: dict[str, Any] | None = None
    prompt_variables: dict[str, Any] | None = None
    request_metadata: dict[str, str] | None = None
    performance_config: dict[str, Any] | None = None
    service_tier: dict[str, Any] | None = None
    output_config: dict[str, Any] | None = None

    def system_text(self) -> str:
        return "\n".join(block.text for block in self.system if block.text is not None)


def parse_request(body: bytes) -> ConverseRequest:
    """Return the request in a body. Raises BedrockError (ValidationException)."""
    try:
        return ConverseRequest.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "body"
        raise BedrockError(
            "ValidationException",
            f"{error.error_count()} validation error detected: Value at '{where}' failed to satisfy "
            f"constraint: {first['msg']}",
        ) from error
