"""The `coach` command's surface: help, refusals, and what it prints."""

from pathlib import Path

import jwt
import pytest
from click.testing import CliRunner, Result

from local.cli import SUBCOMMANDS, main


def _coach(*arguments: str, said: str | None = None) -> Result:
    return CliRunner().invoke(main, list(arguments), input=said)


def test_help_names_every_subcommand() -> None:
    result = _coach("--help")
    assert result.exit_code == 0
    assert all(f"\n  {name} " in result.output for name in SUBCOMMANDS)


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_every_subcommands_help_has_examples(name: str) -> None:
    result = _coach(name, "--help")
    assert result.exit_code == 0
    assert "Examples:" in result.output
    assert f"coach {name}" in result.output


def test_an_unknown_subcommand_is_refused() -> None:
    assert "No such command 'down'" in _coach("down").output


def test_token_prints_a_token_and_nothing_else(tmp_path: Path) -> None:
    result = _coach("token", "--state-dir", str(tmp_path / "new"), "--user", "alice", "--expires-in", "-5")
    token = result.stdout.removesuffix("\n")
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["custom:user_id"] == "alice"
    assert result.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("token", "--user", "a b"), "'a b' is no id"),
        (("say", "hi", "--new", "--conversation", "c"), "exclude each other"),
        (("say", "  "), "TEXT is empty"),
        (("up", "--env", "NAME"), "'NAME' is not NAME=VALUE"),
        (("up", "--port", "70000"), "70000 is not in the range"),
        (("words", "--delay", "11"), "11.0 is not in the range"),
    ],
)
def test_wrong_use_is_explained(arguments: tuple[str, ...], message: str) -> None:
    result = _coach(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr


@pytest.mark.parametrize("arguments", [("say", "hi"), ("say", "-"), ("words",)])
def test_without_a_stack_one_is_told_to_start_it(arguments: tuple[str, ...], tmp_path: Path) -> None:
    result = _coach(*arguments, "--state-dir", str(tmp_path), said="hi")
    assert result.exit_code == 1
    assert (
        result.stderr == f"coach: no stack runs on '{tmp_path}'; start one with `coach up` (or `make run`)\n"
    )


def test_a_sample_event_carries_a_fresh_token(tmp_path: Path) -> None:
    result = _coach("event", "stream", "--state-dir", str(tmp_path), "--conversation", "01JD")
    assert result.exit_code == 0
    assert "{{token" not in result.output
    assert "/conversations/01JD/stream" in result.output


def test_an_unknown_event_lists_the_names(tmp_path: Path) -> None:
    result = _coach("event", "nope", "--state-dir", str(tmp_path))
    assert result.exit_code == 1
    assert "no event 'nope'; there are: " in result.stderr
