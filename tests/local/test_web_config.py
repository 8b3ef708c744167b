"""The page's settings, made from a stack's outputs."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from local import project
from local.template import load_template
from local.web_config import NEEDED, config_of, main, outputs_in, policy_for

OUTPUTS = [
    {"OutputKey": "FunctionUrl", "OutputValue": "https://abc.lambda-url.us-east-1.on.aws/"},
    {"OutputKey": "TokenAudience", "OutputValue": "client-1"},
    {"OutputKey": "StarterCoachId", "OutputValue": "atlas"},
    {"OutputKey": "TableName", "OutputValue": "table"},
]
SIGN_IN = "https://coach.auth.us-east-1.amazoncognito.com"


def test_the_settings_name_the_function_and_the_hosted_page() -> None:
    outputs = outputs_in({"Stacks": [{"Outputs": OUTPUTS}]})
    assert outputs == outputs_in(OUTPUTS)
    config = config_of(outputs, sign_in=f"{SIGN_IN}/", rest_url="https://rest.example/prod/")
    assert config == {
        "apiUrl": "https://abc.lambda-url.us-east-1.on.aws",
        "starterCoachId": "atlas",
        "restUrl": "https://rest.example/prod",
        "signIn": {"domain": SIGN_IN, "clientId": "client-1"},
    }
    policy = policy_for(config)
    assert (
        f"connect-src 'self' https://abc.lambda-url.us-east-1.on.aws https://rest.example {SIGN_IN};"
        in policy
    )


def test_without_a_hosted_page_there_is_no_sign_in() -> None:
    assert "signIn" not in config_of(outputs_in(OUTPUTS))


def test_the_template_puts_out_what_the_page_needs() -> None:
    assert set(NEEDED) <= set(load_template(project.TEMPLATE).body["Outputs"])


def test_the_command_writes_the_file(tmp_path: Path) -> None:
    into = tmp_path / "dist" / "config.json"
    done = CliRunner().invoke(main, ["-", "--into", str(into)], input=json.dumps(OUTPUTS))
    assert done.exit_code == 0, done.output
    assert json.loads(into.read_text())["apiUrl"] == "https://abc.lambda-url.us-east-1.on.aws"
    assert "content-security-policy: default-src 'none'" in done.output


@pytest.mark.parametrize(
    ("text", "said"),
    [("[]", "no output FunctionUrl"), ("{}", "no list of stack outputs"), ("no JSON", "Expecting value")],
)
def test_what_is_no_outputs_is_refused_in_words(tmp_path: Path, text: str, said: str) -> None:
    done = CliRunner().invoke(main, ["-", "--into", str(tmp_path / "config.json")], input=text)
    assert done.exit_code == 1
    assert said in done.output
    assert not (tmp_path / "config.json").exists()


def test_an_address_without_https_is_refused(tmp_path: Path) -> None:
    arguments = ["-", "--into", str(tmp_path / "config.json"), "--sign-in", "http://coach.example"]
    done = CliRunner().invoke(main, arguments, input=json.dumps(OUTPUTS))
    assert done.exit_code == 2
