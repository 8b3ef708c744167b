"""Checks a JSON value against a schema of the API document."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from openapi_schema_validator import OAS31Validator

from stream_coach.openapi import document
from stream_coach.routes import ROUTES

DOCUMENT = document(ROUTES.routes)


def _closed(components: Mapping[str, Any]) -> dict[str, Any]:
    """Return the components with every object closed: what is not documented is a fault, too."""
    closed = deepcopy(dict(components))
    for schema in closed["schemas"].values():
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
    closed["schemas"]["ApiDocument"].pop("additionalProperties")
    return closed


CLOSED = _closed(DOCUMENT["components"])


def resolved(value: Any) -> Any:
    """Return what a `$ref` of the document stands for, anything else as it is."""
    if not isinstance(value, dict) or "$ref" not in value:
        return value
    found: Any = DOCUMENT
    for key in value["$ref"].removeprefix("#/").split("/"):
        found = found[key]
    return found


def faults(value: object, schema: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with `value`, and what of it is not documented."""
    validator = OAS31Validator({"components": CLOSED, **schema}, format_checker=OAS31Validator.FORMAT_CHECKER)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
