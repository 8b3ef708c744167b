"""Plain values as DynamoDB attribute values, and back. Floats are exact decimal strings there."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any


def stored(value: Any) -> dict[str, Any]:
    """Return the attribute value for a str, bool, number, None, list or mapping."""
    match value:
        case str():
            return {"S": value}
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case float():
            return {"N": _decimal(value)}
        case None:
            return {"NULL": True}
        case list() | tuple():
            return {"L": [stored(part) for part in value]}
        case Mapping():
            return {"M": stored_item(value)}
        case _:
            raise TypeError(f"a {type(value).__name__} cannot be stored")


def _decimal(value: float) -> str:
    """Return the number in the one way in which DynamoDB writes it: 100 for 100.0, 0.00004 for 4e-05.

    A transaction that is sent again must be equal to the first, and MiniStack compares it with what it kept.
    """
    return format(Decimal(repr(value)).normalize(), "f")


def stored_item(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: stored(value) for name, value in item.items()}


def plain(value: Mapping[str, Any]) -> Any:
    """Return what `stored` made this from; numbers without a fraction are ints."""
    ((kind, content),) = value.items()
    match kind:
        case "N":
            return int(content) if content.lstrip("-").isdigit() else _number(content)
        case "NULL":
            return None
        case "L":
            return [plain(part) for part in content]
        case "M":
            return plain_item(content)
        case _:
            return content


def _number(text: str) -> int | float:
    number = float(text)
    return int(number) if number.is_integer() else number


def plain_item(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: plain(value) for name, value in item.items()}
