"""Turns that nobody waits for: run by the worker behind the queue, and ended by its sweep."""

import os
import signal
from collections.abc import Iterator
from typing import Any, Final

import pytest

from local.stack_process import running_stack
from tests.stack.client import Conversation, Stack, connected, eventually
from tests.stack.watching import Turn, begin_turn, watch

pytestmark = pytest.mark.stack

TEXT: Final = "Warm up with the empty bar, then add weight in small steps."
HASTY: Final = {"PENDING_S": "0.5", "LEASE_S": "1", "LEASE_RENEWAL_S": "0.3"}


@pytest.fixture(scope="module")
def hasty_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack that sweeps twice a second and in which nothing may wait for long."""
    settings = [part for name, value in HASTY.items() for part in ("--env", f"{name}={value}")]
    state, options = tmp_path_factory.mktemp("hasty-stack"), ("--sweep-every", "0.5", *settings)
    with running_stack(state, options=options) as endpoints, connected(endpoints) as stack:
        yield stack


def _begin(conversation: Conversation, text: str, mode: str) -> Turn:
    links = begin_turn(conversation, text, mode=mode)
    turn = Turn(conversation, links["turnId"])
    assert (links["status"], links["pollUrl"]) == ("pending", turn.path)
    return turn


def _stored(turn: Turn, *statuses: str) -> dict[str, Any]:
    """Wait for one of these states in the table: a poll would settle the turn itself."""
    conversation = turn.conversation

    def find() -> dict[str, Any] | None:
        record = conversation.person.stack.table.turn(*conversation.where, turn.id)
        return record if record["status"] in statuses else None

    return eventually(find)


def test_a_queued_turn_is_run_by_the_worker_and_can_be_polled(stack: Stack) -> None:
    conversation = stack.person().begin()
    turn = _begin(conversation, f"/say {TEXT}", "queued")
    ended = turn.ended()
    assert (ended["status"], ended["mode"]) == ("completed", "queued")
    assert ended["content"].endswith(TEXT)
    assert ended["aiMessage"]["content"] == ended["content"]
    assert [message["role"] for message in conversation.history()["messages"]] == ["user", "assistant"]
    assert stack.emulator.operations() == ["Converse", "ConverseStream"]


def test_a_queued_turn_can_be_watched_while_the_worker_runs_it(stack: Stack) -> None:
    stack.emulator.play(firstTokenMs=300, interTokenMs=20)
    conversation = stack.person().begin()
    turn = _begin(conversation, f"/say {TEXT}", "queued")
    told = watch(conversation, turnId=turn.id)
    assert told.types[-1] == "complete"
    assert told.answer == TEXT
    assert stack.emulator.operations() == ["Converse", "ConverseStream"]


def test_queued_turns_of_many_people_are_each_run_once(stack: Stack) -> None:
    texts = [f"Set number {number} is heavier." for number in range(12)]
    turns = [_begin(stack.person().begin(), f"/say {text}", "queued") for text in texts]
    for turn, text in zip(turns, texts, strict=True):
        assert turn.ended()["content"].endswith(text)
    assert stack.emulator.operations().count("ConverseStream") == len(texts)


def test_a_turn_that_nobody_attaches_to_is_ended_by_the_sweep(hasty_stack: Stack) -> None:
    conversation = hasty_stack.person().begin()
    turn = _begin(conversation, f"/say {TEXT}", "attach")
    assert _stored(turn, "interrupted")["attempt"] == 0
    assert "activeTurn" not in hasty_stack.table.meta(*conversation.where)
    assert turn.poll()["error"]["retryable"] is True
    hasty_stack.emulator.play()
    assert conversation.say(f"/say {TEXT}").types[-1] == "complete"


def test_a_turn_whose_worker_is_killed_is_ended_with_what_was_said(hasty_stack: Stack) -> None:
    hasty_stack.emulator.play(interTokenMs=200)
    conversation = hasty_stack.person().begin()
    turn = _begin(conversation, f"/say {TEXT}", "queued")
    _stored(turn, "streaming")
    [pid] = hasty_stack.endpoints.pids["worker"]
    os.kill(pid, signal.SIGKILL)
    record = _stored(turn, "completed", "failed", "cancelled", "interrupted")
    assert (record["status"], record["attempt"]) == ("interrupted", 1)
    hasty_stack.emulator.play()
    later = _begin(conversation, f"/say {TEXT}", "queued")
    assert later.ended()["content"].endswith(TEXT)
