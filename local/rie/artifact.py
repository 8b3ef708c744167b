"""What runs: the artifact as Lambda starts it, with an interpreter that finds no other modules."""

import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Final

from local import project
from local.environment import Addresses, function_config, function_environment
from local.errors import PartFailed
from local.runtime_process import runtime_environment
from local.stack_options import StackOptions
from local.state_dir import StateDir
from local.template import Template

ARTIFACT: Final = project.ROOT / ".aws-sam" / "host" / project.FUNCTION
TASK_ROOT: Final = "/var/task"
WRAPPER: Final = "AWS_LAMBDA_EXEC_WRAPPER"
# What Lambda hands to a wrapper behind the interpreter: the client that ours replaces.
REPLACED_CLIENT: Final = "/var/runtime/bootstrap.py"
# A busy machine's slowness is not the artifact's fault.
_PATIENCE: Final = {"STORE_TIMEOUT_S": "15", "ROUTER_TIMEOUT_S": "15"}


@dataclass(frozen=True, slots=True)
class Launch:
    """How the emulator is to start the function."""

    command: tuple[str, ...]
    environment: Mapping[str, str]


def plan_launch(artifact: Path, template: Template, addresses: Addresses, state: StateDir) -> Launch:
    """Return the command and environment that Lambda would use, but for the addresses of this machine.

    Shape   of this machine only PATH is in the environment; HOME is the state directory
    Raises  PartFailed: the template's wrapper is not in the artifact
    """
    outer = {"PATH": os.environ.get("PATH", os.defpath)}
    own = {"HOME": str(state.root), **_PATIENCE}
    options = StackOptions(state=state, overrides=own)
    environment = function_environment(template, addresses, outer, options)
    function = replace(function_config(template, environment), task_root=artifact)
    interpreter = write_interpreter(state.root)
    command = (str(find_wrapper(artifact, environment)), str(interpreter), REPLACED_CLIENT)
    seen = runtime_environment(function, api_port=0, pollers=1, interpreter=str(interpreter), inherited=outer)
    # The emulator takes this variable for a request to be another one, for managed instances.
    seen.pop("AWS_LAMBDA_MAX_CONCURRENCY")
    return Launch(command, {**seen, "AWS_LAMBDA_FUNCTION_TIMEOUT": str(function.timeout_s)})


def require_built(artifact: Path) -> None:
    """Return if there is an artifact. Raises PartFailed."""
    if not artifact.is_dir():
        raise PartFailed(f"nothing is built in {artifact}; run `make streaming-test-build`")


def find_wrapper(artifact: Path, environment: Mapping[str, str]) -> Path:
    """Return the program of the artifact that Lambda would start, by the template's own setting.

    Raises  PartFailed: the setting names nothing executable in it
    """
    setting = PurePosixPath(environment.get(WRAPPER, ""))
    if not setting.is_relative_to(TASK_ROOT):
        raise PartFailed(f"{WRAPPER} is {str(setting)!r}, which is not in {TASK_ROOT}")
    wrapper = artifact / setting.relative_to(TASK_ROOT)
    if not (wrapper.is_file() and os.access(wrapper, os.X_OK)):
        raise PartFailed(f"{WRAPPER} names {wrapper}, which is no executable file")
    return wrapper


def write_interpreter(folder: Path) -> Path:
    """Make a Python whose modules are its standard library and what PYTHONPATH names, and return it.

    The working tree is installed in this environment, and packages may lie in others: an artifact that
    lacks one of them must fail here as it would on Lambda.
    """
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    base = Path(sys.base_prefix, "bin", version)
    interpreter = folder / version
    # -S: no site-packages and no .pth files; -s: none of the user's either.
    interpreter.write_text(f'#!/bin/sh\nexec {shlex.quote(str(base))} -S -s "$@"\n')
    interpreter.chmod(0o755)
    return interpreter
