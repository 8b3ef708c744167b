"""JSON schemas of the models that routes name."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from libs.streaming.routes import Model
from stream_coach import bodies
from stream_coach.openapi import answers, events, inputs

type JsonObject = dict[str, Any]

NAMESPACES: Final = (bodies, inputs, answers, events)


@dataclass(frozen=True, slots=True)
class Schemas:
    """Where each model stands (`uses`: a `$ref`, mostly), and what stands there."""

    uses: Mapping[Model, JsonObject]
    definitions: JsonObject


class _Generator(GenerateJsonSchema):
    """Leaves out the titles that pydantic makes from field names; they say nothing new."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def schemas_of(models: Iterable[Model]) -> Schemas:
    """Return the schemas of all models together, each definition once. Raises ValueError."""
    found = {model: _resolved(model) for model in models}
    uses, whole = TypeAdapter.json_schemas(
        [(model, "validation", TypeAdapter(resolved)) for model, resolved in found.items()],
        ref_template="#/components/schemas/{model}",
        schema_generator=_Generator,
    )
    return Schemas({model: uses[model, "validation"] for model in found}, whole["$defs"])


def _resolved(model: Model) -> Any:
    if not isinstance(model, str):
        return model
    for namespace in NAMESPACES:
        if model in vars(namespace):
            return vars(namespace)[model]
    raise ValueError(f"a route names the model {model!r}; define it in stream_coach.openapi")
