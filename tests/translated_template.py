"""template.yaml as CloudFormation gets it: the SAM translator's output, made without AWS."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from samtranslator.translator.transform import transform

from local.template import load_template

ROOT = Path(__file__).resolve().parent.parent
SOURCE = load_template(ROOT / "template.yaml").body
FUNCTIONS = ["StreamCoachFunction", "TurnWorkerFunction"]
NO_VALUE = {"Ref": "AWS::NoValue"}
PARAMETERS = {
    "TokenIssuer": "https://issuer.example",
    "TokenAudience": "audience",
    "JwksUrl": "https://issuer.example/keys",
}


class ManagedPolicies:
    """The one managed policy that SAM adds, known without asking AWS."""

    def load(self) -> dict[str, str]:
        name = "AWSLambdaBasicExecutionRole"
        return {name: f"arn:aws:iam::aws:policy/service-role/{name}"}


@cache
def translated() -> dict[str, Any]:
    """Return the resources by logical id, each with its own id as `Id`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        body = load_template(ROOT / "template.yaml").body
        # `sam deploy` uploads the artifact first and writes its address here.
        body["Globals"]["Function"]["CodeUri"] = "s3://bucket/key"
        found: dict[str, Any] = transform(body, PARAMETERS, ManagedPolicies())
    return {name: resource | {"Id": name} for name, resource in found["Resources"].items()}


def of_type(resources: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [resource for resource in resources.values() if resource["Type"] == kind]


def permissions_of(resources: dict[str, Any], function: str) -> list[dict[str, Any]]:
    permissions = [item["Properties"] for item in of_type(resources, "AWS::Lambda::Permission")]
    return [item for item in permissions if item["FunctionName"] == {"Ref": function}]


def evaluate(value: Any, names: Mapping[str, str]) -> Any:
    """Return what CloudFormation makes of `value`, where parameters and the like have these values."""
    match value:
        case {"Fn::Sub": [text, extra]}:
            return evaluate({"Fn::Sub": text}, {**names, **{k: evaluate(v, names) for k, v in extra.items()}})
        case {"Fn::Sub": text}:
            return re.sub(r"\$\{(.+?)\}", lambda match: names[match[1]], text)
        case {"Fn::Select": [index, parts]}:
            return evaluate(parts, names)[index]
        case {"Fn::Split": [separator, text]}:
            return evaluate(text, names).split(separator)
        case {"Fn::If": [("HasFallbackModel" | "HasChatModel") as condition, then, otherwise]}:
            # CloudFormation may evaluate what a condition then drops: both must be possible.
            branches = evaluate(then, names), evaluate(otherwise, names)
            return branches[0] if names[f"{condition.removeprefix('Has')}Id"] else branches[1]
    return value
