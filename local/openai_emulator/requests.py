"""The body of a chat completion, as a shape, and the same request in the words of the Bedrock emulator.

Source  platform.openai.com/docs/api-reference/chat/create
"""

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from local.bedrock_emulator.errors import BedrockError
from local.bedrock_emulator.requests import ConverseRequest

type Choice = Literal["none", "auto", "required"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


class TextPart(_Part):
    type: Literal["text"]
    text: str


class Message(_Part):
    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[TextPart]

    @property
    def text(self) -> str:
        return self.content if isinstance(self.content, str) else "".join(part.text for part in self.content)


class Function(_Part):
    name: str
    description: str = "A tool."
    parameters: dict[str, Any] = {}


class Tool(_Part):
    type: Literal["function"]
    function: Function


class NamedTool(_Part):
    type: Literal["function"]
    function: Function


class StreamOptions(_Part):
    include_usage: bool = False


class CompletionRequest(_Part):
    model: Annotated[str, Field(min_length=1)]
    messages: Annotated[list[Message], Field(min_length=1)]
    stream: bool = False
    stream_options: StreamOptions = StreamOptions()
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    tools: list[Tool] = []
    tool_choice: Choice | NamedTool = "auto"


def parse_request(body: bytes) -> CompletionRequest:
    """Return the request in a body. Raises BedrockError (ValidationException)."""
    try:
        return CompletionRequest.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "body"
        raise BedrockError("ValidationException", f"Invalid value for '{where}': {first['msg']}") from error


def converse(request: CompletionRequest) -> ConverseRequest:
    """Return what the stand-in understands."""
    limit = request.max_completion_tokens or request.max_tokens
    body: dict[str, Any] = {
        "system": [{"text": one.text} for one in request.messages if one.role in ("system", "developer")],
        "messages": [
            {"role": one.role, "content": [{"text": one.text}]}
            for one in request.messages
            if one.role in ("user", "assistant")
        ],
        "inferenceConfig": {"maxTokens": limit} if limit is not None else {},
    }
    if request.tools and request.tool_choice != "none":
        specs = [
            {
                "toolSpec": {
                    "name": tool.function.name,
                    "description": tool.function.description,
                    "inputSchema": {"json": tool.function.parameters},
                }
            }
            for tool in request.tools
        ]
        body["toolConfig"] = {"tools": specs, "toolChoice": _choice(request.tool_choice)}
    try:
        return ConverseRequest.model_validate_json(json.dumps(body))
    except ValidationError as error:
        raise BedrockError("ValidationException", "Invalid 'messages' or 'tools'.") from error


def _choice(choice: Choice | NamedTool) -> dict[str, Any]:
    if isinstance(choice, NamedTool):
        return {"tool": {"name": choice.function.name}}
    return {"any": {}} if choice == "required" else {"auto": {}}
