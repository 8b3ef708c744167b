"""Tools: the shape of an answer as a pydantic model, and as the JSON schema that a model is given."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic.alias_generators import to_camel

from libs.coach_conversation.ports import Tool

MAX_TEXT: Final = 500


def cut(value: Any, characters: int = MAX_TEXT) -> Any:
    """Return a text cut, and without halves of surrogate pairs: JSON can spell them, UTF-8 cannot."""
    return value[:characters].encode(errors="replace").decode() if isinstance(value, str) else value


type ShortText = Annotated[str, BeforeValidator(lambda value: cut(value))]


class ToolInput(BaseModel):
    """What a model gives a tool: camelCase outside; what nobody asked for is ignored.

    Built when first used: most of them are the worker's, and every process imports them.
    """

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, frozen=True, extra="ignore", defer_build=True
    )


def tool_of(name: str, description: str, shape: type[ToolInput], *, required: Sequence[str]) -> Tool:
    """Return the tool whose input has this shape. `required` are the members that the model must give."""
    schema = shape.model_json_schema(by_alias=True)
    flat = _inlined(schema, schema.get("$defs", {}))
    flat["required"] = list(required)
    flat.pop("description", None)
    return Tool(name, description, flat)


def _inlined(schema: Any, definitions: dict[str, Any]) -> Any:
    """Return the JSON schema with every `$ref` replaced: not every model follows references."""
    if isinstance(schema, list):
        return [_inlined(part, definitions) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    return {
        name: _inlined(part, definitions)
        for name, part in schema.items()
        if name not in ("$defs", "default") and not (name == "title" and isinstance(part, str))
    }
