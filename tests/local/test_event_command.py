"""`coach event`: every sample, ready to be sent."""

import json
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from click.testing import CliRunner

from local import project
from local.cli import main
from local.conversations import remember_conversation
from local.sample_events import event_names, read_event
from local.state_dir import StateDir

NAMES = event_names(project.EVENTS)


@pytest.fixture
def state(tmp_path: Path) -> StateDir:
    state = StateDir(tmp_path)
    state.prepare()
    return state


def event(state: StateDir, name: str, *arguments: str) -> dict[str, Any]:
    result = CliRunner().invoke(main, ["event", name, "--state-dir", str(state.root), *arguments])
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def claims(found: dict[str, Any]) -> dict[str, Any]:
    token = found["headers"]["authorization"].removeprefix("Bearer ")
    told: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return told


@pytest.mark.parametrize("name", NAMES)
def test_only_the_token_differs_from_the_file(state: StateDir, name: str) -> None:
    found, written = event(state, name), json.loads(read_event(project.EVENTS, name))
    authorization = written.get("headers", {}).get("authorization", "")
    if "{{" in authorization:
        written["headers"]["authorization"] = found["headers"]["authorization"]
    assert found == written
    assert "{{" not in json.dumps(found)


@pytest.mark.parametrize(
    ("name", "user"),
    [
        ("stream", "demo"),
        ("stream-short", "demo"),
        ("workout-log", "demo"),
        ("create-conversation", "demo"),
        ("messages", "demo"),
        ("wrong-user", "other-user"),
    ],
)
def test_a_token_is_valid_for_a_day_and_says_who(state: StateDir, name: str, user: str) -> None:
    told = claims(event(state, name))
    assert told["custom:user_id"] == user
    assert told["exp"] - time.time() == pytest.approx(86_400, abs=60)


def test_another_person_speaks_for_themselves(state: StateDir) -> None:
    found = event(state, "stream", "--user", "alice")
    assert found["rawPath"] == "/users/alice/coaches/atlas/conversations/demo-conversation/stream"
    assert found["requestContext"]["http"]["path"] == found["rawPath"]
    assert claims(found)["custom:user_id"] == "alice"


def test_a_turn_continues_the_last_conversation_here(state: StateDir) -> None:
    remember_conversation(state, "demo", "atlas", "01JD")
    path = "/users/demo/coaches/atlas/conversations/{}/stream"
    assert event(state, "stream")["rawPath"] == path.format("01JD")
    assert event(state, "stream", "--conversation", "other")["rawPath"] == path.format("other")
    assert event(state, "create-conversation")["rawPath"] == "/users/demo/coaches/atlas/conversations"


def test_one_persons_conversation_is_not_anothers(state: StateDir) -> None:
    remember_conversation(state, "demo", "atlas", "01JD")
    assert "/demo-conversation/" in event(state, "stream", "--user", "alice")["rawPath"]
