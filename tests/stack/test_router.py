"""The router beside the turn: late, broken or talking nonsense, it never costs anybody their answer."""

import pytest

from tests.stack.client import Stack, Stream, eventually

pytestmark = pytest.mark.stack

TEXT = "the answer comes all the same"
GARBAGE = 5
"""The emulator knows five kinds of it, and goes through them one by one."""


def _asides(told: Stream) -> list[str]:
    return [event.data["stage"] for event in told.of("contextual")]


def test_a_router_that_is_too_slow_is_left_behind(stack: Stack) -> None:
    stack.emulator.play(routerMs=10_000)
    told = stack.person().begin().say(f"/say {TEXT}")
    assert (told.last["type"], told.answer) == ("complete", TEXT)
    assert 1500 <= told.last["timings"]["routerMs"] < 5000
    assert stack.emulator.operations() == ["Converse", "ConverseStream"]
    eventually(lambda: stack.emulator.calls()[0]["closedEarly"])


def test_without_a_verdict_the_coach_says_one_of_its_fixed_lines(stack: Stack) -> None:
    stack.emulator.fail("malformed_tool", times=None)
    told = stack.person().begin().say(f"/say {TEXT}")
    assert _asides(told) == ["initial_greeting", "insights_brewing"]
    assert told.of("contextual")[1].data["content"].endswith("...\n\n")
    assert told.last["aiMessage"]["content"] == told.text


@pytest.mark.parametrize("garbage", range(GARBAGE))
def test_a_router_that_talks_nonsense_changes_nothing_about_the_answer(garbage: int, stack: Stack) -> None:
    person = stack.person()
    stack.emulator.fail("malformed_tool", times=None)
    for _ in range(garbage):
        person.begin().say("/say yo")
    told = person.begin().say(f"/say {TEXT}")
    assert (told.last["type"], told.answer) == ("complete", TEXT)
    assert told.last["aiMessage"]["content"] == told.text


@pytest.mark.parametrize("kind", ["throttle_before", "drop", "internalServerException"])
def test_a_router_that_fails_changes_nothing_about_the_answer(kind: str, stack: Stack) -> None:
    stack.emulator.fail(kind, times=None, operation="Converse")
    told = stack.person().begin().say(f"/say {TEXT}")
    assert (told.last["type"], told.answer) == ("complete", TEXT)
    assert _asides(told) == ["initial_greeting", "insights_brewing"]


def test_a_verdict_without_its_usage_is_still_a_verdict(stack: Stack) -> None:
    stack.emulator.fail("no_message_stop", times=None, operation="Converse")
    told = stack.person().begin().say(f"/say {TEXT}")
    assert (told.last["type"], told.answer) == ("complete", TEXT)
    assert _asides(told) == ["initial_greeting"]


def test_what_the_router_says_is_shown_without_quotation_marks(stack: Stack) -> None:
    updates = [{"stage": "insights_brewing", "content": '"Scouting your recent squat sessions..."'}]
    stack.emulator.play(router={"showContextualUpdates": True, "contextualUpdates": updates})
    told = stack.person().begin().say("How did my squats go lately?")
    said = {event.data["stage"]: event.data["content"] for event in told.of("contextual")}
    assert said["insights_brewing"] == "Scouting your recent squat sessions...\n\n"
