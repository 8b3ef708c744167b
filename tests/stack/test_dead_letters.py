"""Messages that nobody can work on: they reach the dead letters of the template, and hold nothing up."""

import json
import time
import uuid
from typing import Final

import pytest

from tests.conftest import Figures
from tests.stack.client import Conversation, Stack, eventually
from tests.stack.queued import Queues

pytestmark = pytest.mark.stack

LOG: Final = "I did 5x5 squats at 100 kg today"
HEALTHY: Final = 8


def _message(conversation: Conversation, turn_id: str, task: str) -> str:
    return Queues.message(*conversation.where, conversation.person.coach, turn_id, task)


def _logged(stack: Stack) -> tuple[Conversation, str]:
    """Return a conversation with a workout that was logged, and its turn."""
    conversation = stack.person().begin()
    turn_id = conversation.say(LOG).turn_id
    eventually(lambda: "done_workout" in stack.table.turn(*conversation.where, turn_id) or None)
    return conversation, turn_id


def _spoilt(stack: Stack) -> tuple[Conversation, str]:
    """Return a conversation whose message cannot be read any more, and its turn, whose task is not done."""
    conversation = stack.person().begin()
    turn_id = conversation.say("How deep should I squat?").turn_id
    said = conversation.stored()[0]
    stack.table.put([{name: value for name, value in said.items() if name != "parts"}])
    return conversation, turn_id


def test_what_cannot_be_done_reaches_the_dead_letters_and_nothing_waits_for_it(
    stack: Stack, figures: Figures
) -> None:
    queues = Queues(stack.endpoints)
    spoilt, spoilt_turn = _spoilt(stack)
    logged, logged_turn = _logged(stack)
    mark = uuid.uuid4().hex
    poison = [
        f"no json {mark}",
        json.dumps([mark]),
        _message(logged, logged_turn, f"dance-{mark}"),
        _message(logged, mark, "workout"),
        _message(logged, f"{mark}#", "workout"),
        _message(spoilt, spoilt_turn, "workout"),
    ]
    sent_s = time.monotonic()
    queues.send(poison)
    healthy = [stack.person().begin() for _ in range(HEALTHY)]
    turns = [conversation.say(LOG).turn_id for conversation in healthy]
    for conversation, turn_id in zip(healthy, turns, strict=True):
        record = eventually(lambda at=(*conversation.where, turn_id): _done(stack, *at))  # type: ignore[misc]
        assert "failed_workout" not in record
    healthy_s = time.monotonic() - sent_s
    found: set[str] = set()

    def all_dead() -> bool:
        found.update(queues.dead())
        return found >= set(poison)

    eventually(all_dead)
    dead_s = time.monotonic() - sent_s
    record = stack.table.turn(*spoilt.where, spoilt_turn)
    assert (record["failed_workout"], "done_workout" in record) == ("PROCESSING_ERROR", False)
    assert "failed_workout" not in stack.table.turn(*logged.where, logged_turn)
    assert [item["sk"] for item in stack.table.everything(*logged.where) if mark in item["sk"]] == []
    figures(
        f"{len(poison)} poison messages are dead letters after {queues.most_deliveries} deliveries each, "
        f"{dead_s:.1f} s after they were sent; {HEALTHY} workouts told meanwhile were logged within "
        f"{healthy_s:.1f} s"
    )


def _done(stack: Stack, user: str, conversation: str, turn_id: str) -> dict[str, object] | None:
    record = stack.table.turn(user, conversation, turn_id)
    return record if "done_workout" in record else None
