"""The local Function URL streams, as the path probe sees it."""

import json

import pytest
from click.testing import CliRunner

from local.cli import main
from tests.conftest import Figures
from tests.stack.client import Stack

pytestmark = pytest.mark.stack


def test_the_way_to_the_function_streams(stack: Stack, figures: Figures) -> None:
    arguments = ["probe", stack.endpoints.function_url, "--words", "12", "--delay", "0.15", "--json"]
    result = CliRunner().invoke(main, arguments)
    found = json.loads(result.stdout)
    assert (result.exit_code, found["verdict"]) == (0, "streams"), found
    figures(
        f"coach probe: first byte after {found['firstByteMs']} ms, "
        f"writes held back at most {found['heldMs']} ms, largest burst {found['largestBurst']}"
    )
