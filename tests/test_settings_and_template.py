"""The template, the settings and the documents say the same of what each function is given."""

import re
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import pytest

from local.resource_names import resource_values
from local.template import Template, load_template
from stream_coach.settings import InvalidSettings, Settings

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = load_template(ROOT / "template.yaml")
FUNCTIONS = [
    name
    for name, resource in TEMPLATE.body["Resources"].items()
    if resource["Type"] == "AWS::Serverless::Function"
]
# Read by Lambda itself, not by the settings.
LAMBDAS_OWN = {"AWS_LAMBDA_EXEC_WRAPPER"}
SETTINGS = {field.name.upper(): field for field in fields(Settings)}


def parameters_without_default(template: Template) -> dict[str, str]:
    parameters: dict[str, dict[str, Any]] = template.body["Parameters"]
    return {name: f"https://{name}" for name, parameter in parameters.items() if "Default" not in parameter}


GIVEN = {**resource_values(TEMPLATE, "http://127.0.0.1:1"), **parameters_without_default(TEMPLATE)}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_variable_is_a_setting_or_lambdas_own(function: str) -> None:
    assert set(TEMPLATE.environment(function, GIVEN)) - LAMBDAS_OWN <= set(SETTINGS)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_setting_that_must_be_there_is_there(function: str) -> None:
    with pytest.raises(InvalidSettings) as missing:
        Settings.from_env({})
    required = {complaint.removesuffix(" is missing") for complaint in str(missing.value).split("; ")}
    assert required == {name for name, field in SETTINGS.items() if field.default is MISSING}
    assert required <= set(TEMPLATE.environment(function, GIVEN))


def test_an_index_without_its_key_is_no_setting() -> None:
    environment = TEMPLATE.environment(FUNCTIONS[0], GIVEN) | {"PINECONE_HOST": "index.example"}
    with pytest.raises(InvalidSettings, match="PINECONE_API_KEY is missing"):
        Settings.from_env(environment)
    settings = Settings.from_env(environment | {"PINECONE_API_KEY": "the key"})
    assert settings.pinecone_host == "index.example"
    assert "the key" not in repr(settings)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_settings_can_read_what_the_template_gives(function: str) -> None:
    settings = Settings.from_env(TEMPLATE.environment(function, GIVEN))
    assert settings.table_name == "stream-coach-Table"
    assert settings.token_issuer == "https://TokenIssuer"
    assert settings.jwks_url == "https://JwksUrl"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_parameters_default_is_the_settings_default(function: str) -> None:
    environment = TEMPLATE.environment(function, GIVEN)
    settings = Settings.from_env(environment)
    by_default = {
        name for name in environment if name in SETTINGS and environment[name] not in GIVEN.values()
    }
    assert by_default
    found = {name: getattr(settings, SETTINGS[name].name) for name in by_default}
    assert found == {name: SETTINGS[name].default for name in by_default}


def test_the_documented_budgets_are_the_settings_defaults() -> None:
    written = re.findall(r"`([A-Z_]+)`[^|`]*\| ([0-9.]+) \|", (ROOT / "docs" / "turn.md").read_text())
    assert len(written) >= 12
    assert {name: float(value) for name, value in written} == {
        name: SETTINGS[name].default for name, _ in written
    }
