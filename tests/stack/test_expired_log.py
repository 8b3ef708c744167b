"""A turn whose event log is gone: told again from its message, one event a part."""

from collections.abc import Callable

import pytest

from tests.stack.client import Conversation, Stack, Stream
from tests.stack.sse import check_stream
from tests.stack.stored import Item, StoredTable
from tests.stack.watching import watch

pytestmark = pytest.mark.stack

TEXT = "/say " + " ".join(f"word-{number}" for number in range(10))
LONG_AGO = 1
RECONNECTS = 3
"""So often an EventSource comes back by itself; then it must have been told that there is nothing more."""

type Loss = Callable[[StoredTable, list[Item]], None]


def _deleted(table: StoredTable, entries: list[Item]) -> None:
    table.delete(entries)


def _past_their_time(table: StoredTable, entries: list[Item]) -> None:
    table.put({**entry, "ttl": LONG_AGO} for entry in entries)


def _the_first_one_only(table: StoredTable, entries: list[Item]) -> None:
    _past_their_time(table, entries[:1])


def _the_last_one_only(table: StoredTable, entries: list[Item]) -> None:
    _deleted(table, entries[-1:])


LOSSES: dict[str, Loss] = {
    "deleted": _deleted,
    "past their time": _past_their_time,
    "the first one only": _the_first_one_only,
    "the last one only": _the_last_one_only,
}


def _say_and_lose(stack: Stack, loss: Loss) -> tuple[Conversation, Stream]:
    stack.emulator.play(firstTokenMs=50, interTokenMs=100)
    conversation = stack.person().begin()
    told = conversation.say(TEXT)
    entries = stack.table.log(*conversation.where, told.turn_id)
    assert len(entries) > 1
    loss(stack.table, entries)
    return conversation, told


@pytest.mark.parametrize("way", LOSSES)
def test_without_its_log_a_turn_is_start_one_event_a_part_and_its_end(way: str, stack: Stack) -> None:
    conversation, told = _say_and_lose(stack, LOSSES[way])
    again = watch(conversation, turnId=told.turn_id)
    check_stream(again.events)
    start, *asides, answer, complete = again.events
    assert start.data == told.events[0].data
    assert [event.data for event in asides] == [event.data for event in told.of("contextual")]
    assert answer.data == {"type": "chunk", "content": told.answer}
    assert complete.data == told.last
    assert watch(conversation, after=complete.id).status == 204
    assert len(stack.emulator.calls()) == 2


@pytest.mark.parametrize("way", LOSSES)
def test_a_client_behind_a_cursor_gets_the_whole_answer_once_and_is_let_go(way: str, stack: Stack) -> None:
    conversation, told = _say_and_lose(stack, LOSSES[way])
    for seen in (1, 3, len(told.events) - 1):
        cursor, ends = told.events[seen - 1].id, 0
        for _ in range(RECONNECTS):
            again = watch(conversation, after=cursor)
            if again.status == 204:
                break
            cursor, ends = again.events[-1].id, ends + 1
            assert again.last == told.last
        assert (again.status, ends) == (204, 1)


def test_a_turn_that_failed_without_a_word_is_start_and_its_error(stack: Stack) -> None:
    stack.emulator.fail("validationException", times=None)
    conversation = stack.person().begin()
    told = conversation.say("hi")
    _deleted(stack.table, stack.table.log(*conversation.where, told.turn_id))
    again = watch(conversation, turnId=told.turn_id)
    assert [event.data for event in again.events] == [told.events[0].data, told.last]
