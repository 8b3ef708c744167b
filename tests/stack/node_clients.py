"""Real clients in Node: one process for each, which is told a scenario and tells what came of it."""

import json
import os
import select
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

FOLDER: Final = Path(__file__).resolve().parents[1] / "clients"
STAMP: Final = FOLDER / "node_modules" / ".installed"
PATIENCE_S: Final = 40.0
MISSING: Final = "the clients are not installed: npm is missing, or `make test` was not what ran this"


def require_node() -> str:
    """Return the Node.js to run; without the clients the test is skipped, but never where CI runs it."""
    if STAMP.exists():
        return STAMP.read_text().strip()
    if os.environ.get("CI"):
        pytest.fail(MISSING)
    pytest.skip(MISSING)


class NodeClient:
    """One client's process."""

    def __init__(self, name: str, process: "subprocess.Popen[str]") -> None:
        self.name, self._process = name, process

    def play(self, scenario: str, **spec: Any) -> dict[str, Any]:
        """Run a scenario and return what the client says of it."""
        ask, answer = self._process.stdin, self._process.stdout
        assert ask is not None
        assert answer is not None
        ask.write(json.dumps({"scenario": scenario, **spec}) + "\n")
        ask.flush()
        ready, _, _ = select.select([answer], [], [], PATIENCE_S)
        assert ready, f"{self.name} says nothing of {scenario!r}"
        line = answer.readline()
        assert line, f"{self.name} died of {scenario!r}"
        outcome: dict[str, Any] = json.loads(line)
        assert "crashed" not in outcome, f"{self.name}: {outcome['crashed']}"
        return outcome


@contextmanager
def running(name: str, node: str) -> Iterator[NodeClient]:
    """Run the client of tests/clients until the block ends."""
    environment = {"PATH": os.environ.get("PATH", ""), "NODE_ENV": "production", "NODE_NO_WARNINGS": "1"}
    with subprocess.Popen(
        [node, f"{name}.mjs"],
        cwd=FOLDER,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield NodeClient(name, process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
