"""JSON Schema as a mould: a value is brought into the shape that a tool asks for; pure and total.

It knows what pydantic writes: $ref into $defs, allOf of one, anyOf with null, enum, const, default, bounds.
"""

from collections.abc import Mapping
from math import inf
from typing import Any, Final

MISSING: Final = object()
_MAX_DEPTH: Final = 32

type Schema = Mapping[str, Any]


def fit(value: Any, schema: Schema, *, words: str = "offline") -> Any:
    """Return `value` changed as little as the schema demands; MISSING gives something plausible.

    Shape   members that the schema does not name are dropped, required ones invented; `words` stand where
            a text is required and none is known
    """
    return _Mould(schema, words).fit(value, schema, _MAX_DEPTH)


class _Mould:
    def __init__(self, root: Schema, words: str) -> None:
        self._definitions: Schema = root.get("$defs") or root.get("definitions") or {}
        self._words = words

    def fit(self, value: Any, schema: Schema, depth: int) -> Any:
        schema = self._resolve(schema)
        if depth == 0 or (value is MISSING and "default" in schema):
            return schema.get("default")
        if options := _options(schema):
            return value if value in options else schema.get("default", options[0])
        if branches := _branches(schema):
            return self.fit(value, self._branch(value, branches), depth)
        return self._typed(value, schema, depth)

    def _typed(self, value: Any, schema: Schema, depth: int) -> Any:
        match self._type(value, schema):
            case "object":
                return self._object(value, schema, depth)
            case "array":
                return self._array(value, schema, depth)
            case "string":
                return self._text(value, schema)
            case "integer" | "number" as kind:
                return _number(value, schema, whole=kind == "integer")
            case "boolean":
                return value is True
            case "null":
                return None
            case _:
                return {} if value is MISSING else value

    def accepts(self, value: Any, schema: Schema) -> bool:
        """Return whether a value is of the schema's kind; its parts are not looked at."""
        schema = self._resolve(schema)
        if options := _options(schema):
            return value in options
        if branches := _branches(schema):
            return any(self.accepts(value, branch) for branch in branches)
        return any(_is_a(value, kind) for kind in _types(schema)) or not _types(schema)

    def _resolve(self, schema: Schema) -> Schema:
        for _ in range(_MAX_DEPTH):
            if "$ref" in schema:
                schema = self._definitions.get(str(schema["$ref"]).rpartition("/")[2], {})
            elif len(schema.get("allOf", ())) == 1:
                schema = {**schema["allOf"][0], **{k: v for k, v in schema.items() if k != "allOf"}}
            else:
                return schema
        return {}

    def _branch(self, value: Any, branches: list[Schema]) -> Schema:
        kinds = [_types(self._resolve(branch)) for branch in branches]
        null = next((branch for branch, kind in zip(branches, kinds, strict=True) if kind == ("null",)), None)
        fallback = null if null is not None else branches[0]
        return next((branch for branch in branches if self.accepts(value, branch)), fallback)

    def _type(self, value: Any, schema: Schema) -> str | None:
        kinds = _types(schema)
        if not kinds:
            return "object" if "properties" in schema else None
        fallback = "null" if "null" in kinds else kinds[0]
        return next((kind for kind in kinds if _is_a(value, kind)), fallback)

    def _object(self, value: Any, schema: Schema, depth: int) -> dict[str, Any]:
        given = value if isinstance(value, dict) else {}
        properties: Schema = schema.get("properties", {})
        required = schema.get("required", ())
        shaped = {
            name: self.fit(given.get(name, MISSING), part, depth - 1)
            for name, part in properties.items()
            if name in given or name in required
        }
        others = schema.get("additionalProperties", not properties)
        if others is False or (properties and others is True):
            return shaped
        part = others if isinstance(others, Mapping) else {}
        rest = {name: self.fit(one, part, depth - 1) for name, one in given.items() if name not in properties}
        return {**shaped, **rest}

    def _array(self, value: Any, schema: Schema, depth: int) -> list[Any]:
        items: Schema = schema.get("items", {})
        given = value if isinstance(value, list) else []
        shaped = [self.fit(one, items, depth - 1) for one in given if self.accepts(one, items)]
        missing = schema.get("minItems", 0) - len(shaped)
        shaped += [self.fit(MISSING, items, depth - 1) for _ in range(missing)]
        return shaped[: schema.get("maxItems", len(shaped))]

    def _text(self, value: Any, schema: Schema) -> str:
        text = value if isinstance(value, str) else _FORMATS.get(schema.get("format", ""), self._words)
        padded = text.ljust(schema.get("minLength", 0), ".")
        return padded[: schema.get("maxLength", len(padded))]


_FORMATS: Final = {
    "date-time": "2026-01-01T00:00:00Z",
    "date": "2026-01-01",
    "time": "00:00:00Z",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


def _number(value: Any, schema: Schema, *, whole: bool) -> int | float:
    number = value if _is_a(value, "number") else 0
    step = 1 if whole else 1e-6
    lowest = max(schema.get("minimum", -inf), schema.get("exclusiveMinimum", -inf) + step)
    highest = min(schema.get("maximum", inf), schema.get("exclusiveMaximum", inf) - step)
    bounded = max(min(number, highest), lowest)
    return int(bounded) if whole else bounded


def _options(schema: Schema) -> list[Any]:
    return [schema["const"]] if "const" in schema else list(schema.get("enum", ()))


def _branches(schema: Schema) -> list[Schema]:
    return list(schema.get("anyOf") or schema.get("oneOf") or ())


def _types(schema: Schema) -> tuple[str, ...]:
    kind = schema.get("type", ())
    return (kind,) if isinstance(kind, str) else tuple(kind)


def _is_a(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    match kind:
        case "object":
            return isinstance(value, dict)
        case "array":
            return isinstance(value, list)
        case "string":
            return isinstance(value, str)
        case "integer":
            return isinstance(value, int)
        case "number":
            return isinstance(value, int | float)
        case "null":
            return value is None
        case _:
            return False
