"""local/container_template.py: a template that declares what a container is to get."""

import copy
import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from local import project
from local.container_template import declare, main
from local.template import load_template

FUNCTION = "StreamCoachFunction"
GIVEN = {"TABLE_NAME": "table", "AWS_ENDPOINT_URL_DYNAMODB": "http://host.docker.internal:1"}


BODY: dict[str, Any] = {
    "Globals": {"Function": {"Timeout": 300}},
    "Resources": {
        FUNCTION: {
            "Type": "AWS::Serverless::Function",
            "Metadata": {"BuildMethod": "makefile"},
            "Properties": {
                "CodeUri": "StreamCoachFunction",
                "Environment": {"Variables": {"TABLE_NAME": {"Ref": "Table"}, "OTHER": "kept"}},
            },
        },
        "Table": {"Type": "AWS::DynamoDB::Table"},
    },
}


def test_what_is_missing_is_declared_and_the_rest_stays() -> None:
    expected = copy.deepcopy(BODY)
    expected["Resources"][FUNCTION]["Properties"]["Environment"]["Variables"] = {
        "TABLE_NAME": {"Ref": "Table"},
        "AWS_ENDPOINT_URL_DYNAMODB": "",
        "OTHER": "kept",
    }
    assert declare(BODY, FUNCTION, GIVEN) == expected


def test_the_given_template_is_not_changed() -> None:
    before = copy.deepcopy(BODY)
    declare(BODY, FUNCTION, GIVEN)
    assert before == BODY


def test_a_function_without_variables_gets_some() -> None:
    body: dict[str, Any] = {"Resources": {"F": {"Type": "T", "Properties": {}}}}
    assert declare(body, "F", ["A"]) == {
        "Resources": {"F": {"Type": "T", "Properties": {"Environment": {"Variables": {"A": ""}}}}}
    }


def test_it_is_written_beside_the_built_one_whose_paths_are_relative(tmp_path: Path) -> None:
    built, env_vars = tmp_path / "host" / "template.yaml", tmp_path / "env-vars.json"
    built.parent.mkdir()
    built.write_text(project.TEMPLATE.read_text())
    env_vars.write_text(json.dumps({FUNCTION: GIVEN}))
    result = CliRunner().invoke(main, [str(built), str(env_vars)])
    assert (result.exit_code, result.output) == (0, "")
    written = json.loads((tmp_path / "host" / "container.json").read_text())
    assert written == declare(load_template(built).body, FUNCTION, GIVEN)
