"""Limits that a person meets: silence on the line, the end of the function's time, too many messages."""

import pytest

from tests.stack.client import Stack, eventually

pytestmark = pytest.mark.stack

LONG = f"/say {'word ' * 300}"
KEEP_ALIVE_S = 0.2
MARGIN_S = 5.0
"""What the impatient stack leaves a turn of the function's 300 s."""


def test_a_silent_stream_is_kept_open_by_comments(impatient_stack: Stack) -> None:
    impatient_stack.emulator.play(firstTokenMs=900)
    told = impatient_stack.person().begin().say("/say after a silence")
    assert told.answer == "after a silence"
    generating, chunk = told.of("progress")[1].at_s, told.of("chunk")[0].at_s
    assert [at_s for at_s in told.keep_alives if generating < at_s < chunk]
    assert len(told.keep_alives) <= told.events[-1].at_s / KEEP_ALIVE_S + 1


def test_a_turn_ends_before_the_function_s_time_does(impatient_stack: Stack) -> None:
    impatient_stack.emulator.play(interTokenMs=100)
    conversation = impatient_stack.person().begin()
    told = conversation.say(f"/say {'word ' * 200}")
    assert (told.last["type"], told.last["code"]) == ("error", "DEADLINE")
    assert told.last["retryable"]
    assert MARGIN_S - 0.5 < told.events[-1].at_s < MARGIN_S + 5
    _, partial = conversation.stored()
    assert partial["status"] == "partial"
    assert partial["content"] == told.text == told.last["savedContent"]
    assert told.answer.startswith("word word ")
    eventually(lambda: impatient_stack.emulator.calls()[-1]["closedEarly"])
    impatient_stack.emulator.play()
    assert conversation.say("/say go on please").answer == "go on please"


def test_who_has_spent_a_day_s_budget_is_told_to_come_back_tomorrow(whole_stack: Stack) -> None:
    conversation = whole_stack.person().begin()
    refusal = None
    for _ in range(40):
        answer = whole_stack.http.post(
            f"{conversation.path}/messages", json={"userResponse": LONG}, headers=conversation.person.headers
        )
        if answer.status_code != 200:
            refusal = answer.json()
            break
        whole_stack.emulator.forget_calls()
    assert refusal is not None
    assert (answer.status_code, refusal["code"], refusal["retryable"]) == (429, "BUDGET_EXCEEDED", True)
    assert 1 <= int(answer.headers["retry-after"]) <= 86_400
    assert whole_stack.emulator.calls() == []
    assert len(conversation.stored()) % 2 == 0


def test_whoever_says_too_much_in_a_minute_is_told_when_to_come_again(impatient_stack: Stack) -> None:
    conversation = impatient_stack.person().begin()
    # Three a minute; a minute may end in between, two may not.
    for _ in range(7):
        with conversation.stream("/say one more thing") as stream:
            stream.read()
        if stream.status != 200:
            break
    refusal = stream.refusal
    assert (stream.status, refusal["code"], refusal["retryable"]) == (429, "RATE_LIMITED", True)
    assert 1 <= int(stream.headers["retry-after"]) <= 60
    assert {item["role"] for item in conversation.stored()[:2]} == {"user", "assistant"}
    assert len(conversation.stored()) % 2 == 0
