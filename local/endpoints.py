"""Where a running stack can be reached: the file that it writes when ready and removes when it stops."""

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from local.errors import NotRunning
from local.state_dir import StateDir, is_alive

# A container reaches its host's loopback addresses under this name.
HOST_FROM_CONTAINER = "host.docker.internal"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The addresses and names of one running stack.

    Shape   `bedrock` is None when the function calls AWS; `pids` names each process of the stack
    """

    function_url: str
    bedrock: str | None
    pinecone: str
    openai: str | None
    aws: str
    issuer: str
    audience: str
    jwks_url: str
    signing_key_file: str
    signing_key_id: str
    region: str
    table_name: str
    queue_url: str
    pid: int
    pids: Mapping[str, list[int]]

    def write(self, state: StateDir) -> None:
        """Write the file in one step: a reader sees all of it or none."""
        write_json(state.endpoints, self.as_json())

    def as_json(self) -> dict[str, Any]:
        return {_camel(field.name): getattr(self, field.name) for field in fields(self)}


def load_endpoints(state: StateDir) -> Endpoints:
    """Return the endpoints of the stack that runs on `state`. Raises NotRunning."""
    try:
        found = json.loads(state.endpoints.read_text())
        endpoints = Endpoints(**{field.name: found[_camel(field.name)] for field in fields(Endpoints)})
    except (FileNotFoundError, ValueError, KeyError, TypeError) as error:
        raise _not_running(state) from error
    if not is_alive(endpoints.pid):
        raise _not_running(state)
    return endpoints


def remove_endpoints(state: StateDir) -> None:
    state.endpoints.unlink(missing_ok=True)
    state.env_vars.unlink(missing_ok=True)


def write_env_vars(state: StateDir, function: str, environment: Mapping[str, str]) -> None:
    """Write `environment` in the form of `sam local invoke --env-vars`, addresses for a container."""
    seen = {
        name: value.replace("127.0.0.1", HOST_FROM_CONTAINER)
        if value.startswith("http://127.0.0.1")
        else value
        for name, value in environment.items()
    }
    write_json(state.env_vars, {function: seen})


def write_json(path: Path, value: Any) -> None:
    """Replace `path` by `value` as JSON, readable by its owner only."""
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w") as file:
        json.dump(value, file, indent=2)
        file.write("\n")
    Path(draft).replace(path)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _not_running(state: StateDir) -> NotRunning:
    return NotRunning(f"no stack runs on {str(state.root)!r}; start one with `coach up` (or `make run`)")
