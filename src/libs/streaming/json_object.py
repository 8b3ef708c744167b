"""JSON objects from outside: only what can be stored as UTF-8 and given back as JSON."""

import json
import math
from typing import Final

from libs.streaming.errors import InvalidJson

type JsonObject = dict[str, object]

MAX_DEPTH: Final = 64


def parse_object(data: bytes) -> JsonObject:
    """Return the JSON object that `data` holds; of a key that comes twice, the last value.

    Raises  InvalidJson: not UTF-8, not JSON, not an object, or a value that `check_value` refuses
    """
    try:
        value = json.loads(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise InvalidJson(f"the body is not UTF-8 at byte {error.start}; encode it as UTF-8") from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise InvalidJson(f"the body is not JSON at {where}; send a JSON object") from error
    except ValueError as error:  # int() refuses numbers of thousands of digits
        raise InvalidJson("the body holds a number with too many digits; send it as text") from error
    except RecursionError as error:
        raise InvalidJson(_too_deep()) from error
    if not isinstance(value, dict):
        raise InvalidJson(f"the body is {_kind(value)}; an object is expected")
    check_value(value)
    return value


def check_value(value: object) -> None:
    """Check that a parsed JSON value can be kept as UTF-8 JSON.

    Raises  InvalidJson: over `MAX_DEPTH` levels, the innermost values included; a lone surrogate; NaN
            or an infinite number
    """
    level: list[object] = [value]
    for _ in range(MAX_DEPTH):
        below: list[object] = []
        for item in level:
            _check_item(item, below)
        if not below:
            return
        level = below
    raise InvalidJson(_too_deep())


def _check_item(item: object, below: list[object]) -> None:
    """Check one value; what it contains goes to `below`, the next level."""
    match item:
        case None | bool() | int():
            pass
        case str():
            if not is_storable(item):
                raise InvalidJson("a string holds half of a surrogate pair; send whole characters")
        case float():
            if not math.isfinite(item):
                raise InvalidJson("NaN and infinite numbers are not JSON; send a finite number or null")
        case list():
            below.extend(item)
        case dict():
            below.extend(item)
            below.extend(item.values())
        case _:
            raise InvalidJson(f"a value is {_kind(item)}; only JSON values are expected")


def is_storable(text: str) -> bool:
    """Return whether `text` has a UTF-8 form; a lone surrogate, which JSON can spell, has none."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _too_deep() -> str:
    return f"the JSON is nested too deeply; use at most {MAX_DEPTH} levels"


def _kind(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "an array"
        case _:
            return "not JSON"
