"""The SAM template, read: what the local stack needs of it, so that no second description exists.

Pure, but for `load_template`, which reads the file.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from local.errors import StackError
from local.function_config import Cors

_PLACEHOLDER = re.compile(r"\$\{(!?)([^}]+)\}")
_TABLE_ARGUMENTS = (
    "AttributeDefinitions",
    "BillingMode",
    "GlobalSecondaryIndexes",
    "KeySchema",
    "LocalSecondaryIndexes",
)
_QUEUE_ATTRIBUTES = (
    "DelaySeconds",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "ReceiveMessageWaitTimeSeconds",
    "VisibilityTimeout",
)


class TemplateError(StackError):
    """The template lacks what was asked of it, or needs a value that nobody gave."""


@dataclass(frozen=True, slots=True)
class FunctionSettings:
    """What runs, and within which bounds."""

    handler: str
    timeout_s: int
    memory_mb: int


@dataclass(frozen=True, slots=True)
class TableConfig:
    """One table.

    Shape   `arguments` are `create_table`'s, but for TableName; encryption and backups are AWS's affair
    """

    logical_id: str
    arguments: Mapping[str, Any]
    ttl_attribute: str | None = None


@dataclass(frozen=True, slots=True)
class QueueConfig:
    """One queue.

    Shape   `attributes` are `create_queue`'s, but for RedrivePolicy: that wants the ARN of the queue
            whose logical id is `dead_letter_queue`, once it is made (see `redrive_policy`)
    """

    logical_id: str
    attributes: Mapping[str, str]
    dead_letter_queue: str | None = None
    max_receive_count: int = 0

    def redrive_policy(self, dead_letter_arn: str) -> str:
        """Return the value of the attribute RedrivePolicy."""
        policy = {"deadLetterTargetArn": dead_letter_arn, "maxReceiveCount": self.max_receive_count}
        return json.dumps(policy)


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed template; intrinsic functions are in their long form."""

    body: Mapping[str, Any]

    def function(self, name: str) -> FunctionSettings:
        """Return how the function `name` is run. Raises TemplateError: there is none."""
        properties = self._function(name)
        return FunctionSettings(properties["Handler"], properties["Timeout"], properties["MemorySize"])

    def environment(self, name: str, values: Mapping[str, str]) -> dict[str, str]:
        """Return the environment variables of the function `name`.

        Shape   `values` by logical id, `LogicalId.Attribute`, parameter or pseudo parameter; what it does
                not hold comes from the parameters' defaults
        Raises  TemplateError: a value is missing; the message names all that are
        """
        variables = self._function(name).get("Environment", {}).get("Variables", {})
        resolver = _Resolver(self._parameters(), values)
        found = {key: _as_text(resolver.resolve(value)) for key, value in variables.items()}
        resolver.raise_for_missing(f"the environment of {name}")
        return found

    def cors(self, name: str, values: Mapping[str, str] | None = None) -> Cors | None:
        """Return the CORS settings of the Function URL of `name`, None where it has none.

        Shape   `values` as for `environment`, here for the parameters only
        Raises  TemplateError: a parameter has neither value nor default
        """
        declared = self._function(name).get("FunctionUrlConfig", {}).get("Cors")
        if declared is None:
            return None
        resolver = _Resolver(self._parameters(), values or {})
        cors = resolver.resolve(declared)
        resolver.raise_for_missing(f"the CORS settings of {name}")
        return Cors(
            allow_origins=tuple(cors.get("AllowOrigins", ())),
            allow_methods=tuple(cors.get("AllowMethods", ())),
            allow_headers=tuple(cors.get("AllowHeaders", ())),
            expose_headers=tuple(cors.get("ExposeHeaders", ())),
            max_age_s=cors.get("MaxAge", 0),
            allow_credentials=cors.get("AllowCredentials", False),
        )

    def events(self, name: str) -> Mapping[str, Any]:
        """Return the event sources of the function `name` as they are written. Raises TemplateError."""
        events: Mapping[str, Any] = self._function(name).get("Events", {})
        return events

    def tables(self) -> tuple[TableConfig, ...]:
        """Return every table, in the template's order."""
        return tuple(
            TableConfig(
                logical_id,
                {key: properties[key] for key in _TABLE_ARGUMENTS if key in properties},
                properties.get("TimeToLiveSpecification", {}).get("AttributeName"),
            )
            for logical_id, properties in self._resources("AWS::DynamoDB::Table")
        )

    def queues(self) -> tuple[QueueConfig, ...]:
        """Return every queue, each after its dead-letter queue: an order in which they can be made."""
        queues = [_queue(*resource) for resource in self._resources("AWS::SQS::Queue")]
        return tuple(sorted(queues, key=lambda queue: queue.dead_letter_queue is not None))

    def _resources(self, kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for logical_id, resource in self.body.get("Resources", {}).items():
            if resource["Type"] == kind:
                yield logical_id, resource.get("Properties", {})

    def _function(self, name: str) -> Mapping[str, Any]:
        functions = dict(self._resources("AWS::Serverless::Function"))
        if name not in functions:
            raise TemplateError(f"the template has no function {name!r}, only {sorted(functions)}")
        merged: Mapping[str, Any] = _merged(self.body.get("Globals", {}).get("Function", {}), functions[name])
        return merged

    def _parameters(self) -> Mapping[str, Any]:
        parameters: Mapping[str, Any] = self.body.get("Parameters", {})
        return parameters


def _merged(shared: Any, own: Any) -> Any:
    """Return what SAM makes of `Globals` and a function's own: maps merged, lists joined, else its own."""
    match shared, own:
        case dict(), dict() if not _is_intrinsic(shared) and not _is_intrinsic(own):
            return {
                key: _merged(shared[key], own[key]) if key in shared and key in own else value
                for key, value in (shared | own).items()
            }
        case list(), list():
            return [*shared, *own]
    return own


def _is_intrinsic(value: Mapping[str, Any]) -> bool:
    return len(value) == 1 and next(iter(value)).startswith(("Ref", "Fn::"))


def _queue(logical_id: str, properties: Mapping[str, Any]) -> QueueConfig:
    attributes = {key: str(properties[key]) for key in _QUEUE_ATTRIBUTES if key in properties}
    match properties.get("RedrivePolicy"):
        case {"deadLetterTargetArn": {"Fn::GetAtt": [dead_letter_queue, "Arn"]}, "maxReceiveCount": count}:
            return QueueConfig(logical_id, attributes, dead_letter_queue, count)
        case None:
            return QueueConfig(logical_id, attributes)
        case other:
            raise TemplateError(
                f"the RedrivePolicy of {logical_id} names its queue by !GetAtt, not {other!r}"
            )


@dataclass(slots=True)
class _Resolver:
    """Puts values in the place of Ref, Fn::GetAtt and Fn::Sub, and notes those that nobody gave."""

    parameters: Mapping[str, Any]
    values: Mapping[str, str]
    missing: set[str] = field(default_factory=set)

    def resolve(self, value: Any) -> Any:
        match value:
            case {"Ref": str(name)}:
                return self._value_of(name)
            case {"Fn::GetAtt": [str(logical_id), str(attribute)]}:
                return self._value_of(f"{logical_id}.{attribute}")
            case {"Fn::Sub": str(text)}:
                return self._substitute(text, {})
            case {"Fn::Sub": [str(text), dict(names)]}:
                return self._substitute(text, {key: self.resolve(item) for key, item in names.items()})
            case dict() if any(str(key).startswith("Fn::") for key in value):
                raise TemplateError(f"the local stack reads !Ref, !GetAtt and !Sub, not {value!r}")
            case dict():
                return {key: self.resolve(item) for key, item in value.items()}
            case list():
                return [self.resolve(item) for item in value]
        return value

    def raise_for_missing(self, what: str) -> None:
        if self.missing:
            raise TemplateError(f"{what} needs a value for {', '.join(sorted(self.missing))}")

    def _value_of(self, name: str) -> Any:
        parameter = self.parameters.get(name, {})
        value = self.values.get(name, parameter.get("Default"))
        if value is None:
            self.missing.add(name)
            return ""
        is_list = parameter.get("Type", "").startswith(("CommaDelimitedList", "List<"))
        return [part.strip() for part in str(value).split(",")] if is_list else value

    def _substitute(self, text: str, names: Mapping[str, Any]) -> str:
        def replace(match: re.Match[str]) -> str:
            literal, name = match.groups()
            if literal:
                return f"${{{name}}}"
            return _as_text(names[name] if name in names else self._value_of(name))

        return _PLACEHOLDER.sub(replace, text)


def _as_text(value: Any) -> str:
    """Return `value` as CloudFormation hands it to a function: text."""
    match value:
        case bool():
            return str(value).lower()
        case list():
            return ",".join(value)
    return str(value)


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms: `!Sub x` is read as `{"Fn::Sub": "x"}`."""


def _intrinsic(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    match node:
        case yaml.ScalarNode():
            value = loader.construct_scalar(node)
        case yaml.SequenceNode():
            value = loader.construct_sequence(node, deep=True)
        case _:
            value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]  # the third kind of three
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _intrinsic)


def parse_template(text: str) -> Template:
    """Return the template that `text` holds. Raises TemplateError: it is no YAML mapping."""
    try:
        body = yaml.load(text, _Loader)  # noqa: S506  # a SafeLoader that knows the intrinsic functions
    except yaml.YAMLError as error:
        raise TemplateError(f"the template is not valid YAML: {error}") from error
    if not isinstance(body, dict):
        raise TemplateError("the template is empty or not a mapping")
    return Template(body)


def load_template(path: Path) -> Template:
    """Return the template in the file `path`. Raises TemplateError, OSError."""
    return parse_template(path.read_text(encoding="utf-8"))
