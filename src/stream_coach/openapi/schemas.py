"""JSON schemas of the models that routes name."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, override

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from libs.streaming.routes import Model
from stream_coach import bodies
from stream_coach.openapi import answers, events, inputs, kept, person, turns

type JsonObject = dict[str, Any]

NAMESPACES: Final = (bodies, inputs, answers, turns, events, kept, person)


@dataclass(frozen=True, slots=True)
class Schemas:
    """Where each model stands (`uses`: a `$ref`, mostly), and what stands there."""

    uses: Mapping[Model, JsonObject]
    definitions: JsonObject


class _Generator(GenerateJsonSchema):
    """Leaves out the titles that pydantic makes from field names; they say nothing new."""

    @override
    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def schemas_of(models: Iterable[Model]) -> Schemas:
    """Return the schemas of all models together, each definition once. Raises ValueError."""
    wanted = tuple(dict.fromkeys(models))
    uses, whole = TypeAdapter.json_schemas(
        [(number, "validation", TypeAdapter(_resolved(model))) for number, model in enumerate(wanted)],
        ref_template="#/components/schemas/{model}",
        schema_generator=_Generator,
    )
    by_model = {model: uses[number, "validation"] for number, model in enumerate(wanted)}
    return Schemas(by_model, whole["$defs"])


def _resolved(model: Model) -> Any:
    if not isinstance(model, str):
        return model
    for namespace in NAMESPACES:
        if model in vars(namespace):
            return vars(namespace)[model]
    raise ValueError(f"a route names the model {model!r}; define it in stream_coach.openapi")
