"""Metadata filters: which records a query or a delete means.

Source  Pinecone, filter by metadata: $eq, $ne, $gt, $gte, $lt, $lte, $in, $nin, $exists, $and, $or
"""

import operator
from collections.abc import Callable, Mapping
from typing import Any, Final

from local.pinecone_emulator.errors import PineconeError

type Scalar = str | float | bool
type Metadata = Mapping[str, Scalar | list[str]]
type Filter = Callable[[Metadata], bool]

_ORDERS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "$gt": operator.gt,
    "$gte": operator.ge,
    "$lt": operator.lt,
    "$lte": operator.le,
}


def parse_filter(expression: Any) -> Filter:
    """Return what decides whether metadata fits; fields side by side must all fit.

    Raises  PineconeError (invalid): an unknown operator, or an operand that it does not take
    """
    if not isinstance(expression, dict):
        raise PineconeError("invalid", f"a filter must be an object, not {expression!r}")
    return _all([_member(name, value) for name, value in expression.items()])


def _member(name: str, value: Any) -> Filter:
    if name in ("$and", "$or"):
        if not isinstance(value, list) or not value:
            raise PineconeError("invalid", f"{name} takes a list of filters that is not empty")
        parts = [parse_filter(part) for part in value]
        return _all(parts) if name == "$and" else lambda metadata: any(part(metadata) for part in parts)
    if name.startswith("$"):
        raise PineconeError("invalid", f"{name} is no operator for filters side by side; $and and $or are")
    tests = value if isinstance(value, dict) else {"$eq": value}
    return _all([_field(name, test, operand) for test, operand in tests.items()])


def _field(name: str, test: str, operand: Any) -> Filter:
    """Return the test of one field; a field that is not there is unequal to everything."""
    match test, operand:
        case "$exists", bool():
            return lambda metadata: (name in metadata) == operand
        case "$eq" | "$ne", str() | bool() | int() | float():
            wanted = {_key(operand)}
        case "$in" | "$nin", [*values] if all(isinstance(one, str | bool | int | float) for one in values):
            wanted = {_key(one) for one in values}
        case "$gt" | "$gte" | "$lt" | "$lte", int() | float() if not isinstance(operand, bool):
            holds = _ORDERS[test]
            return lambda metadata: _is_number(metadata.get(name)) and holds(metadata[name], operand)
        case _:
            raise PineconeError("invalid", f"the filter {test} of {name!r} does not take {operand!r}")
    if test in ("$eq", "$in"):
        return lambda metadata: not wanted.isdisjoint(_keys(metadata.get(name)))
    return lambda metadata: wanted.isdisjoint(_keys(metadata.get(name)))


def _all(parts: list[Filter]) -> Filter:
    return lambda metadata: all(part(metadata) for part in parts)


def _keys(value: Scalar | list[str] | None) -> set[tuple[bool, Scalar]]:
    """Return what a field equals: each of its members, where it is a list."""
    if value is None:
        return set()
    return {_key(one) for one in value} if isinstance(value, list) else {_key(value)}


def _key(value: Scalar) -> tuple[bool, Scalar]:
    """Return a form of `value` in which true is not 1."""
    return isinstance(value, bool), value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
