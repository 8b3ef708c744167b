"""The local stack is well: the doctor finds nothing, a break in a stream included."""

import json

import httpx
import pytest
from click.testing import CliRunner

from local.cli import main
from tests.stack.client import Stack

pytestmark = pytest.mark.stack


def test_a_stack_is_well_turns_included(stack: Stack) -> None:
    person = stack.person()
    arguments = ["doctor", stack.endpoints.function_url, "--token", person.token, "--turn", "--json"]
    result = CliRunner().invoke(main, arguments)
    found = json.loads(result.stdout)
    wrong = [row for row in found["checks"] if row["outcome"] != "ok"]
    # Quick models may be done before they can be stopped.
    assert [row for row in wrong if row["check"] != "error after the first byte"] == []
    assert result.exit_code == 0, wrong
    left = stack.http.get(person.path, headers=person.headers).json()
    assert left["conversations"] == []


def test_a_stream_that_breaks_off_on_purpose_takes_a_token(stack: Stack) -> None:
    person = stack.person()
    path = f"/users/{person.user}/health/broken-stream"
    assert stack.http.get(path).status_code == 401
    with stack.http.stream("GET", path, headers=person.headers) as response:
        assert response.status_code == 200
        with pytest.raises(httpx.RemoteProtocolError):
            response.read()
