"""The built template for SAM's container: `sam local invoke` passes on only what the template declares.

Without this a variable of `--env-vars` that the template lacks is dropped in silence, the SDK's endpoints
among them, and the function would call AWS.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import click

from local import project
from local.template import load_template

NAME: Final = "container.json"


def declare(body: Mapping[str, Any], function: str, names: Iterable[str]) -> dict[str, Any]:
    """Return a template whose `function` declares these variables too; what it declares already stays."""
    resource = body["Resources"][function]
    properties = resource["Properties"]
    declared = properties.get("Environment", {}).get("Variables", {})
    environment = {"Environment": {"Variables": {**dict.fromkeys(names, ""), **declared}}}
    changed = {**resource, "Properties": {**properties, **environment}}
    return {**body, "Resources": {**body["Resources"], function: changed}}


@click.command()
@click.argument("built", type=click.Path(path_type=Path, exists=True))
@click.argument("env_vars", type=click.Path(path_type=Path, exists=True))
def main(*, built: Path, env_vars: Path) -> None:
    """Write container.json beside the BUILT template, declaring the variables of the file ENV_VARS."""
    names = json.loads(env_vars.read_text())[project.FUNCTION]
    body = declare(load_template(built).body, project.FUNCTION, names)
    built.with_name(NAME).write_text(json.dumps(body, indent=1, default=str))


if __name__ == "__main__":
    main()
