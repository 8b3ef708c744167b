"""The clauses of the table port as DynamoDB expressions. Pure."""

from dataclasses import dataclass, field
from typing import Any, Final, assert_never

from libs.coach_conversation.store.table import (
    Absent,
    Clause,
    Either,
    Equals,
    Exists,
    Less,
    OneOf,
    Query,
    Update,
)
from stream_coach.adapters.dynamodb_values import stored

LAST_CHARACTER: Final = "\U0010ffff"


@dataclass(slots=True)
class Expression:
    """Collects the placeholders of the expressions of one request: every name is one, some are reserved."""

    names: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)

    def name(self, attribute: str) -> str:
        placeholder = f"#{attribute}"
        self.names[placeholder] = attribute
        return placeholder

    def value(self, value: Any) -> str:
        placeholder = f":{len(self.values)}"
        self.values[placeholder] = stored(value)
        return placeholder

    def arguments(self) -> dict[str, Any]:
        used = {"ExpressionAttributeNames": self.names, "ExpressionAttributeValues": self.values}
        return {name: found for name, found in used.items() if found}


def condition(clauses: tuple[Clause, ...], into: Expression) -> str:
    """Return the condition under which all clauses hold."""
    return " AND ".join(_clause(clause, into) for clause in clauses)


def _clause(clause: Clause, into: Expression) -> str:
    match clause:
        case Exists():
            return f"attribute_exists({into.name('pk')})"
        case Absent(name):
            return f"attribute_not_exists({into.name(name)})"
        case Equals(name, value):
            return f"{into.name(name)} = {into.value(value)}"
        case Less(name, value):
            return f"{into.name(name)} < {into.value(value)}"
        case OneOf(name, values):
            return f"{into.name(name)} IN ({', '.join(into.value(value) for value in values)})"
        case Either(clauses):
            return f"({' OR '.join(_clause(one, into) for one in clauses)})"
        case _:
            assert_never(clause)


def update(write: Update, into: Expression) -> str:
    """Return the update expression for what `write` sets, adds and removes."""
    changed = [f"{into.name(name)} = {into.value(value)}" for name, value in write.set.items()]
    added = [f"{into.name(name)} {into.value(amount)}" for name, amount in write.add.items()]
    removed = [into.name(name) for name in write.remove]
    parts = (("SET", changed), ("ADD", added), ("REMOVE", removed))
    return " ".join(f"{word} {', '.join(terms)}" for word, terms in parts if terms)


def query(wanted: Query) -> dict[str, Any]:
    """Return the arguments of a Query, without table and limit."""
    into = Expression()
    pk, sk = ("gsi1pk", "gsi1sk") if wanted.index else ("pk", "sk")
    terms = [f"{into.name(pk)} = {into.value(wanted.pk)}", *_range(wanted, into, sk)]
    arguments = {
        "KeyConditionExpression": " AND ".join(terms),
        "ScanIndexForward": not wanted.descending,
        "ConsistentRead": wanted.consistent and wanted.index is None,
        **into.arguments(),
    }
    return arguments | ({"IndexName": wanted.index} if wanted.index else {})


def _range(wanted: Query, into: Expression, sk: str) -> list[str]:
    """Return the condition on the sort key: DynamoDB takes one, so an open end is closed by the prefix."""
    if wanted.before is None and wanted.after is None:
        return [f"begins_with({into.name(sk)}, {into.value(wanted.prefix)})"] if wanted.prefix else []
    if not wanted.prefix and wanted.after is None:
        return [f"{into.name(sk)} < {into.value(wanted.before)}"]
    low, high = _bounds(wanted)
    return [f"{into.name(sk)} BETWEEN {into.value(low)} AND {into.value(high)}"]


def is_empty(wanted: Query) -> bool:
    """Whether no key can lie in the range; DynamoDB refuses to be asked for such."""
    low, high = _bounds(wanted)
    return low > high


def _bounds(wanted: Query) -> tuple[str, str]:
    """Return the least and the greatest sort key that may be found."""
    low, high = wanted.prefix, f"{wanted.prefix}{LAST_CHARACTER}"
    if wanted.after is not None:
        low = max(low, f"{wanted.after}\x00")
    if wanted.before is not None:
        high = min(high, _just_below(wanted.before))
    return low, high


def _just_below(key: str) -> str:
    """Return a key that sorts before `key` and after every real key below it."""
    return f"{key[:-1]}{chr(ord(key[-1]) - 1)}{LAST_CHARACTER}"
