"""A message that asks for care, over real sockets: a note where help is, and a model that knows."""

import pytest

from tests.stack.client import Stack

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
