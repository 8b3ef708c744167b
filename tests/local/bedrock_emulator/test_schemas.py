"""Values in the mould of a JSON schema."""

from typing import Any

import pytest

from local.bedrock_emulator.schemas import MISSING, fit

NULLABLE = {"anyOf": [{"enum": ["low", "high"], "type": "string"}, {"type": "null"}]}

FITS: list[tuple[Any, dict[str, Any], Any]] = [
    ("kept", {"type": "string"}, "kept"),
    (5, {"type": "string"}, "offline"),
    (MISSING, {"type": "string", "default": "given"}, "given"),
    (MISSING, {"type": "string", "format": "date"}, "2026-01-01"),
    (MISSING, {"type": "string", "maxLength": 3}, "off"),
    (MISSING, {"type": "string", "minLength": 9}, "offline.."),
    (7, {"type": "integer", "maximum": 5}, 5),
    (MISSING, {"type": "integer", "minimum": 2}, 2),
    (MISSING, {"type": "integer", "exclusiveMinimum": 0}, 1),
    (0.92, {"type": "number", "minimum": 0, "maximum": 1}, 0.92),
    (True, {"type": "number"}, 0),
    (MISSING, {"type": "boolean"}, False),
    ("high", {"enum": ["low", "high"]}, "high"),
    ("huge", {"enum": ["low", "high"]}, "low"),
    ("huge", {"enum": ["low", "high"], "default": "high"}, "high"),
    (MISSING, {"const": "v1"}, "v1"),
    ("high", NULLABLE, "high"),
    (MISSING, NULLABLE, None),
    (None, {"type": ["string", "null"]}, None),
    ("x", {"type": ["string", "null"]}, "x"),
    (["a", 1, "b"], {"type": "array", "items": {"enum": ["a", "b"]}}, ["a", "b"]),
    ([1, 2, 3], {"type": "array", "items": {"type": "integer"}, "maxItems": 2}, [1, 2]),
    (MISSING, {"type": "array", "items": {"type": "boolean"}, "minItems": 1}, [False]),
    ({"a": 1, "z": 2}, {"type": "object", "properties": {"a": {"type": "integer"}}}, {"a": 1}),
    (
        MISSING,
        {"type": "object", "properties": {"a": {"type": "null"}, "b": {}}, "required": ["a"]},
        {"a": None},
    ),
    ({"k": "v"}, {"type": "object", "additionalProperties": {"type": "string"}}, {"k": "v"}),
    ({"k": 1}, {"type": "object"}, {"k": 1}),
    (
        {"p": {"q": 1}},
        {
            "$defs": {"P": {"properties": {"q": {"type": "integer"}}}},
            "properties": {"p": {"$ref": "#/$defs/P"}},
        },
        {"p": {"q": 1}},
    ),
    (MISSING, {"allOf": [{"$ref": "#/$defs/B"}], "$defs": {"B": {"type": "boolean"}}}, False),
    (MISSING, {"$ref": "#/$defs/Nowhere"}, {}),
    (MISSING, {}, {}),
]


@pytest.mark.parametrize(("value", "schema", "fitted"), FITS)
def test_a_value_is_brought_into_shape(value: Any, schema: dict[str, Any], fitted: Any) -> None:
    assert fit(value, schema) == fitted


def test_a_schema_without_end_ends() -> None:
    schema = {
        "$defs": {"N": {"type": "object", "properties": {"n": {"$ref": "#/$defs/N"}}, "required": ["n"]}},
        "$ref": "#/$defs/N",
    }
    assert "n" in fit(MISSING, schema)
