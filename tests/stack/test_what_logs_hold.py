"""The log of the function's processes: what operators need, and nothing that a person said or carries.

The last module by name: all that the others said and sent is looked for.
"""

import json
import uuid
from typing import Any

import pytest

from tests.stack.client import Stack, Stream

pytestmark = pytest.mark.stack

SHORTEST = 12
"""Shorter texts occur in a log by chance."""


def _lines(stack: Stack) -> list[str]:
    return stack.log_file.read_text().splitlines()


def _said_and_failed(stack: Stack) -> tuple[Stream, Stream]:
    """Run a turn that ends well and one that does not, and send what is refused."""
    secret = f"secret-{uuid.uuid4().hex}"
    person = stack.person()
    conversation = person.begin()
    well = conversation.say(f"/say my knee hurts {secret}")
    stack.emulator.fail("validationException", times=None)
    ill = conversation.say(f"/say my back hurts {secret}", clientMessageId=secret)
    for content in (f'{{"userResponse":["{secret}"]}}', f'{{"userResponse":"{secret}'):
        stack.http.post(f"{conversation.path}/stream", content=content, headers=person.headers)
    token = stack.mint.token(person.user, custom_user_id="somebody-else")
    stack.http.get(f"{conversation.path}/messages", headers={"authorization": f"Bearer {token}"})
    stack.said += [secret, well.text, ill.text]
    return well, ill


def test_the_log_holds_no_token_and_nothing_that_anybody_said(stack: Stack) -> None:
    _said_and_failed(stack)
    log = stack.log_file.read_text()
    words = {text.removeprefix("/say ") for text in stack.said}
    words = {text for text in words if len(text) >= SHORTEST}
    assert len(words) > 2
    assert [text for text in words if text in log or json.dumps(text)[1:-1] in log] == []
    assert [token for token in stack.mint.signed if token in log] == []
    assert "eyJ" not in log


def test_each_turn_has_one_line_about_how_it_ended(stack: Stack) -> None:
    well, ill = _said_and_failed(stack)
    ended: list[dict[str, Any]] = [
        json.loads(line[line.index("{") :]) for line in _lines(stack) if '"turn_ended"' in line
    ]
    [good] = [line for line in ended if line["turnId"] == well.turn_id]
    [bad] = [line for line in ended if line["turnId"] == ill.turn_id]
    assert (good["outcome"], good["modelCalls"]) == ("completed", 2)
    assert {"routerMs", "firstTokenMs", "totalMs", "inputTokens", "outputTokens", "costUsd"} <= good.keys()
    assert bad["code"] == "MODEL_REFUSED"


def test_nothing_unforeseen_happened(stack: Stack) -> None:
    assert [line for line in _lines(stack) if "unexpected_error" in line or "Traceback" in line] == []
