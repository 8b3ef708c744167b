"""local/rie/artifact.py: the artifact's own wrapper, and an interpreter that finds nothing else."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from local import project
from local.environment import Addresses
from local.errors import PartFailed
from local.rie.artifact import find_wrapper, plan_launch, require_built, write_interpreter
from local.state_dir import StateDir
from local.template import load_template

WRAPPER = "AWS_LAMBDA_EXEC_WRAPPER"
ADDRESSES = Addresses(
    aws="http://127.0.0.1:1",
    bedrock="http://127.0.0.1:2",
    pinecone="http://127.0.0.1:4",
    jwks="http://127.0.0.1:3/jwks.json",
)


def executable(path: Path, *, mode: int = 0o755) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(mode)
    return path


def test_without_a_build_one_is_told_to_make_one(tmp_path: Path) -> None:
    require_built(tmp_path)
    with pytest.raises(PartFailed, match=r"nothing is built in .*nowhere; run `make streaming-test-build`"):
        require_built(tmp_path / "nowhere")


def test_the_wrapper_is_the_one_that_lambda_would_start(tmp_path: Path) -> None:
    wrapper = executable(tmp_path / "bin" / "start")
    assert find_wrapper(tmp_path, {WRAPPER: "/var/task/bin/start"}) == wrapper


@pytest.mark.parametrize(
    ("setting", "complaint"),
    [
        ("/var/task/nothing", "which is no executable file"),
        ("/var/task/plain", "which is no executable file"),
        ("/opt/bootstrap", "which is not in /var/task"),
        ("", "which is not in /var/task"),
    ],
)
def test_a_wrapper_that_lambda_could_not_start_is_told(tmp_path: Path, setting: str, complaint: str) -> None:
    executable(tmp_path / "plain", mode=0o644)
    with pytest.raises(PartFailed, match=complaint):
        find_wrapper(tmp_path, {WRAPPER: setting})


def test_the_function_starts_as_on_lambda_but_for_addresses(tmp_path: Path) -> None:
    artifact, state = tmp_path / "artifact", StateDir(tmp_path / "state")
    bootstrap = executable(artifact / "bootstrap")
    state.prepare()
    launch = plan_launch(artifact, load_template(project.TEMPLATE), ADDRESSES, state)
    assert launch.command == (str(bootstrap), str(state.root / "python3.13"), "/var/runtime/bootstrap.py")
    expected = {
        "_HANDLER": "stream_coach.handler.handler",
        "LAMBDA_TASK_ROOT": str(artifact),
        "AWS_LAMBDA_FUNCTION_TIMEOUT": "300",
        "TABLE_NAME": "stream-coach-Table",
        "AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:1",
        "HOME": str(state.root),
    }
    assert {name: launch.environment.get(name) for name in expected} == expected


def test_nothing_leads_out_of_the_artifact(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(project.SOURCE))
    monkeypatch.setenv("AWS_PROFILE", "work")
    executable(tmp_path / "bootstrap")
    launch = plan_launch(tmp_path, load_template(project.TEMPLATE), ADDRESSES, StateDir(tmp_path))
    assert launch.environment.keys().isdisjoint({"PYTHONPATH", "AWS_PROFILE", "AWS_LAMBDA_MAX_CONCURRENCY"})
    assert not any(str(project.SOURCE) in value for value in launch.environment.values())


def test_the_interpreter_finds_the_standard_library_and_the_given_path_only(tmp_path: Path) -> None:
    interpreter = write_interpreter(tmp_path)
    tell = "import json, sys; print(json.dumps(sys.path))"
    command = [str(interpreter), "-P", "-c", tell]
    told = subprocess.run(command, env={"PYTHONPATH": "/given"}, capture_output=True, text=True, check=True)
    first, *rest = json.loads(told.stdout)
    assert first == "/given"
    assert not [path for path in rest if path.endswith("-packages") or str(project.ROOT) in path]
    assert any(path.endswith("/python3.13") for path in rest)


@pytest.mark.parametrize("module", ["boto3", "libs", "local", "stream_coach"])
def test_the_interpreter_does_not_find_what_is_installed_here(tmp_path: Path, module: str) -> None:
    assert subprocess.run([sys.executable, "-c", f"import {module}"], check=False).returncode == 0
    found = subprocess.run(
        [write_interpreter(tmp_path), "-P", "-c", f"import {module}"],
        env={},
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"No module named '{module}'" in found.stderr
