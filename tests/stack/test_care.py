"""A message that asks for care, over real sockets: a note where help is, and a model that knows."""

import json

import pytest

from tests.stack.client import Stack
from tests.stack.jobs import Job

pytestmark = pytest.mark.stack

TEXT = "/log-workout 5x5 squats at 100 kg, and I passed out after the last set"


def test_a_message_that_asks_for_care_gets_a_note_and_no_asides(stack: Stack) -> None:
    conversation = stack.person().begin()
    told = conversation.say(TEXT)
    notice = told.events[1].data
    assert (notice["type"], notice["kind"]) == ("notice", "safety")
    assert "112, 911 or your local emergency number" in notice["message"]
    assert told.of("contextual") == []
    assert told.last["aiMessage"]["content"] == told.answer != ""
    (request,) = [call["request"] for call in stack.emulator.calls() if call["operation"] == "ConverseStream"]
    assert request["system"][-1]["text"].startswith("This message may be about chest pain, fainting,")


def test_the_stateless_proxy_says_where_help_is_too_in_both_protocols(stack: Stack) -> None:
    person = stack.person()
    body = {"messages": [{"role": "user", "content": "I have chest pain on the stairs"}]}
    lines = stack.http.post("/api/ai/chat", json=body, headers=person.headers).text.splitlines()
    (notice,) = [json.loads(line[2:])[0] for line in lines if line.startswith("2:")]
    assert (notice["type"], notice["kind"]) == ("notice", "safety")
    said = {
        "id": "m1",
        "role": "user",
        "parts": [{"type": "text", "text": "I have chest pain on the stairs"}],
    }
    whole = {"id": "c1", "trigger": "submit-message", "messages": [said]}
    frames = stack.http.post("/api/ai/chat", json=whole, headers=person.headers).text
    assert '"type":"data-notice"' in frames.replace(" ", "")
    sections = [call["request"]["system"][-1]["text"] for call in stack.emulator.calls()]
    assert all(section.startswith("This message may be about chest pain") for section in sections)


def test_a_job_is_told_where_help_is_when_it_is_begun(stack: Stack) -> None:
    person = stack.person()
    body = {"messages": [{"role": "user", "content": "I have chest pain on the stairs"}]}
    begun = stack.http.post("/api/chat", json=body, headers=person.headers).json()
    assert begun["notice"]["kind"] == "safety"
    assert "112, 911" in begun["notice"]["message"]
    assert Job(person, begun["jobId"]).ended()["status"] == "completed"
    (call,) = stack.emulator.calls()
    assert call["request"]["system"][-1]["text"].startswith("This message may be about chest pain")
