"""Messages that a client keeps itself, over real sockets: the proxy, and its direct invocation."""

import json
import time
from pathlib import Path
from typing import Any, Final

import pytest

from tests.conftest import Figures
from tests.stack.client import DIRECT, Stack

pytestmark = pytest.mark.stack

EVENTS: Final = Path(__file__).resolve().parents[2] / "events"
GAP_MS: Final = 20
COUNT: Final = 20
REPLY: Final = " ".join(f"word-{number}" for number in range(COUNT))


def invoke(stack: Stack, event: dict[str, Any]) -> list[tuple[float, str]]:
    """Return the lines of a direct invocation's answer, each with the milliseconds at which it came."""
    with stack.http.stream("POST", DIRECT, json=event) as response:
        return [(time.monotonic() * 1000, line) for line in response.iter_lines()]


@pytest.mark.parametrize("name", ["chat", "chat-turns"])
def test_a_direct_invocation_streams_its_answer_raw(stack: Stack, figures: Figures, name: str) -> None:
    stack.emulator.play(reply=REPLY, interTokenMs=GAP_MS)
    event = json.loads((EVENTS / f"{name}.json").read_text())
    lines = invoke(stack, event)
    deltas = [(at, json.loads(line[2:])) for at, line in lines if line.startswith("0:")]
    assert "".join(text for _, text in deltas) == REPLY
    assert [line[0] for _, line in lines][-2:] == ["e", "d"]
    spread = deltas[-1][0] - deltas[0][0]
    assert spread >= COUNT * GAP_MS / 2
    (call,) = stack.emulator.calls()
    asked = [(one["role"], one["content"][0]["text"]) for one in call["request"]["messages"]]
    assert asked == [(said["role"], said["content"]) for said in event["payload"]["messages"]]
    figures(f"direct invocation {name}: {len(deltas)} pieces over {spread:.0f} ms, 1 model call")


def test_a_direct_invocation_that_is_wrong_is_told_so(stack: Stack) -> None:
    ((_, line),) = invoke(stack, {"action": "chat-v2-stream", "payload": {"messages": []}})
    assert json.loads(line)["code"] == "INVALID_USER_RESPONSE"
    assert stack.emulator.calls() == []


def test_the_proxy_stores_nothing_and_logs_no_words(stack: Stack) -> None:
    person = stack.person()
    stack.emulator.play(reply="Nobody should read this in a log.")
    said = "Nor this, which only the model should see."
    body = {"messages": [{"role": "user", "content": said}]}
    response = stack.http.post("/api/ai/chat", json=body, headers=person.headers)
    assert response.headers["x-vercel-ai-data-stream"] == "v1"
    assert "Nobody should" in response.text.replace('"\n0:"', "")
    assert stack.emulator.operations() == ["ConverseStream"]
    log = stack.log_file.read_text()
    assert '"chatId"' in log
    assert "only the model" not in log
    assert "Nobody should" not in log
    page = stack.http.get(person.path, headers=person.headers)
    assert page.json()["conversations"] == []


def test_a_model_that_throttles_is_tried_again_before_anything_was_said(stack: Stack) -> None:
    stack.emulator.fail("throttle_before", times=1)
    body = {"messages": [{"role": "user", "content": "/say hello"}]}
    response = stack.http.post("/api/ai/chat", json=body, headers=stack.person().headers)
    assert '0:"hello"' in response.text
    assert stack.emulator.operations() == ["ConverseStream"] * 2
