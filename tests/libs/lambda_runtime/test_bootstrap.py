"""The script that Lambda calls in the place of its own runtime client."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.libs.lambda_runtime.fake_runtime_api import FakeRuntimeApi
from tests.libs.lambda_runtime.processes import FUNCTIONS, ROOT, SOURCE, minimal_environ, started

BOOTSTRAP = str(SOURCE / "bootstrap")
WRAPPED = [sys.executable, "/var/runtime/bootstrap.py"]


def environ_of(api: FakeRuntimeApi, **more: str) -> dict[str, str]:
    return {**minimal_environ(api.port), "PYTHONPATH": str(ROOT), "_HANDLER": f"{FUNCTIONS}.describe", **more}


def test_as_a_wrapper_it_runs_the_interpreter_that_lambda_names(api: FakeRuntimeApi) -> None:
    with started([BOOTSTRAP, *WRAPPED], environ_of(api, LAMBDA_TASK_ROOT=str(SOURCE))):
        told = json.loads(api.invoke().wait().body)

    assert told["argv"] == [sys.executable, "-P", "-m", "libs.lambda_runtime"]
    assert told["cwd"] == str(SOURCE)
    assert told["path"][:2] == [str(SOURCE), str(ROOT)]


def test_as_a_runtime_it_takes_the_interpreter_of_its_variable(api: FakeRuntimeApi) -> None:
    with started([BOOTSTRAP], environ_of(api, STREAM_COACH_PYTHON=sys.executable)):
        told = json.loads(api.invoke().wait().body)

    assert told["argv"][0] == sys.executable
    assert told["cwd"] == str(SOURCE)


def test_as_a_runtime_it_finds_the_interpreter_on_the_path(api: FakeRuntimeApi, tmp_path: Path) -> None:
    (tmp_path / "python3.13").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (tmp_path / "python3.13").chmod(0o755)
    with started([BOOTSTRAP], environ_of(api, PATH=str(tmp_path))):
        told = json.loads(api.invoke().wait().body)

    assert told["argv"] == [sys.executable, "-P", "-m", "libs.lambda_runtime"]


def test_the_task_root_may_have_any_name(api: FakeRuntimeApi, tmp_path: Path) -> None:
    root = tmp_path / "a $name with 'quotes'"
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(SOURCE / "libs" / "lambda_runtime", root / "libs" / "lambda_runtime", ignore=ignore)
    shutil.copy(BOOTSTRAP, root)
    (root / "app.py").write_text("def handler(event, context): return __file__\n")
    environ = minimal_environ(api.port) | {"_HANDLER": "app.handler"}
    del environ["PYTHONPATH"]
    with started([str(root / "bootstrap"), *WRAPPED], environ):
        told = json.loads(api.invoke().wait().body)

    assert told == str(root / "app.py")


def test_it_may_be_called_by_its_bare_name(api: FakeRuntimeApi) -> None:
    command = ["/bin/sh", "-c", f"cd {SOURCE} && exec sh bootstrap"]
    with started(command, environ_of(api, STREAM_COACH_PYTHON=sys.executable)):
        assert json.loads(api.invoke().wait().body)["cwd"] == str(SOURCE)


def test_without_an_interpreter_it_says_so_in_one_line(tmp_path: Path) -> None:
    result = subprocess.run([BOOTSTRAP], env={"PATH": str(tmp_path)}, capture_output=True, text=True)

    assert result.returncode == 127
    assert result.stderr == ("bootstrap: there is no python3.13 on PATH; set STREAM_COACH_PYTHON to one\n")


def test_an_interpreter_that_is_not_there_is_an_error() -> None:
    environ = {**os.environ, "STREAM_COACH_PYTHON": "/no/such/python"}
    result = subprocess.run([BOOTSTRAP], env=environ, capture_output=True, text=True)

    assert result.returncode == 127
    assert "/no/such/python" in result.stderr
