"""Streams that break and go on: every event once, in order, under its id, however often a client drops."""

from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import get_args

import pytest

from tests.conftest import Figures
from tests.stack.client import Conversation, Stack, Stream
from tests.stack.sse import TERMINAL, check_stream
from tests.stack.watching import Replay, Turn, Way, begin_turn, follow, replay, watch, watching

pytestmark = pytest.mark.stack

WAYS = get_args(Way.__value__)
TEXT = "/say " + " ".join(f"word-{number}" for number in range(12))
SLOW = {"routerMs": 100, "firstTokenMs": 200, "interTokenMs": 100}


def _say_and_drop(conversation: Conversation, every: int, by: Way) -> Replay:
    """Have a whole turn, but drop the connection after each `every` events while it runs."""
    with conversation.stream(TEXT) as stream:
        seen = list(islice(stream, every))
    return replay(follow(conversation, seen, every=every, by=by))


@pytest.fixture(scope="module")
def told(shared_stack: Stack) -> tuple[Conversation, Stream]:
    """A conversation and its finished turn."""
    shared_stack.emulator.play()
    conversation = shared_stack.person().begin()
    return conversation, conversation.say(TEXT)


def test_a_client_that_drops_after_every_kth_event_misses_nothing_while_the_turn_runs(
    told: tuple[Conversation, Stream], stack: Stack, figures: Figures
) -> None:
    drops = range(1, len(told[1].events) + 1)
    conversations = [stack.person().begin() for _ in drops]
    ways = [WAYS[every % len(WAYS)] for every in drops]
    stack.emulator.play(**SLOW)
    with ThreadPoolExecutor(len(drops)) as threads:
        seen = list(threads.map(_say_and_drop, conversations, drops, ways))
    for conversation, events in zip(conversations, seen, strict=True):
        assert events == watch(conversation, turnId=events[0][1]["turnId"]).replay()
        assert len(events) == len(drops)
        assert events[-1][1]["type"] == "complete"
    figures(f"dropped after every k-th event while the turn ran, k = 1..{len(drops)}: no hole, no double")
    assert len(stack.emulator.calls()) == 2 * len(drops)


@pytest.mark.parametrize("by", WAYS)
def test_a_client_that_drops_after_every_kth_event_misses_nothing_of_a_finished_turn(
    by: Way, told: tuple[Conversation, Stream], stack: Stack
) -> None:
    conversation, stream = told
    for every in range(1, len(stream.events)):
        seen = stream.events[:every]
        assert replay(follow(conversation, seen, every=every, by=by)) == stream.replay()
    assert stack.emulator.calls() == []


def test_the_stream_without_a_cursor_is_the_whole_turn(told: tuple[Conversation, Stream]) -> None:
    conversation, stream = told
    again = watch(conversation, turnId=stream.turn_id)
    assert again.replay() == stream.replay()
    assert again.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert again.lines[0].content == b"retry: 3000"


@pytest.mark.parametrize("by", WAYS)
def test_behind_the_terminal_event_there_is_nothing(by: Way, told: tuple[Conversation, Stream]) -> None:
    conversation, stream = told
    over = watch(conversation, after=stream.events[-1].id, by=by)
    assert (over.status, over.events) == (204, [])
    assert "content-type" not in over.headers


def test_where_no_turn_is_active_there_is_nothing(told: tuple[Conversation, Stream], stack: Stack) -> None:
    assert watch(told[0]).status == 204
    assert watch(stack.person().begin()).status == 204


def test_a_second_client_sees_the_same_while_the_first_still_streams(stack: Stack) -> None:
    stack.emulator.play(**SLOW)
    conversation = stack.person().begin()
    with conversation.stream(TEXT) as first, ThreadPoolExecutor(2) as threads:
        first.until("chunk")
        second = threads.submit(watch, conversation)
        third = threads.submit(watch, conversation, after=first.events[2].id)
        first.read()
        assert second.result().replay() == first.replay()
        assert third.result().replay() == first.replay()[3:]
    check_stream(first.events)
    assert len(stack.emulator.calls()) == 2


def test_a_second_client_gets_its_events_while_the_turn_runs(stack: Stack) -> None:
    stack.emulator.play(**SLOW)
    conversation = stack.person().begin()
    with conversation.stream(TEXT) as first:
        first.until("start")
        with watching(conversation) as second:
            second.until("chunk", count=3)
            assert Turn(conversation, first.turn_id).poll()["status"] == "streaming"
            second.read()
        first.read()
    assert second.replay() == first.replay()


def test_a_cursor_past_the_log_of_a_finished_turn_gets_one_error_with_what_was_kept(
    told: tuple[Conversation, Stream],
) -> None:
    conversation, stream = told
    past = watch(conversation, after=f"{stream.turn_id}.{len(stream.events) + 7}")
    [event] = past.events
    assert (event.type, event.data["code"]) == ("error", "MODEL_STREAM_INTERRUPTED")
    assert event.data["savedContent"] == stream.text
    assert event.id == stream.events[-1].id
    assert watch(conversation, after=event.id).status == 204


def test_a_cursor_past_the_log_of_a_running_turn_waits_for_its_end(stack: Stack) -> None:
    stack.emulator.play(**SLOW)
    conversation = stack.person().begin()
    with conversation.stream(TEXT) as stream:
        stream.until("start")
        [event] = watch(conversation, after=f"{stream.turn_id}.999").events
        stream.read()
    assert (event.data["code"], event.id) == ("MODEL_STREAM_INTERRUPTED", stream.events[-1].id)
    assert event.data["savedContent"] == stream.text


@pytest.mark.parametrize("by", WAYS)
@pytest.mark.parametrize(
    "cursor",
    ["nonsense", "no-number.", "a.b.c", ".7", "turn.-1", "turn.1e3", "turn.123456789", f"{'x' * 65}.1"],
)
def test_a_cursor_that_is_none_is_refused(by: Way, cursor: str, told: tuple[Conversation, Stream]) -> None:
    refused = watch(told[0], after=cursor, by=by)
    assert refused.status == 400
    with watching(told[0], after=cursor, by=by) as stream:
        assert stream.refusal["code"] == "INVALID_CURSOR"


@pytest.mark.parametrize("turn_id", ["0" * 32, "never-was", "x" * 64])
def test_a_turn_that_never_was_is_not_found(turn_id: str, told: tuple[Conversation, Stream]) -> None:
    with watching(told[0], turnId=turn_id) as stream:
        assert (stream.status, stream.refusal["code"]) == (404, "TURN_NOT_FOUND")


@pytest.mark.parametrize("turn_id", ["x" * 65, "x" * 3000, "a#b", "../META", "a b", "ü"])
def test_no_key_is_made_from_what_is_no_id(turn_id: str, told: tuple[Conversation, Stream]) -> None:
    with watching(told[0], turnId=turn_id) as stream:
        assert (stream.status, stream.refusal["code"]) == (400, "INVALID_CURSOR")


def test_a_turn_of_another_conversation_is_not_found(told: tuple[Conversation, Stream]) -> None:
    other = told[0].person.begin()
    named = watching(other, turnId=told[1].turn_id)
    resumed = watching(other, after=f"{told[1].turn_id}.1")
    with named as one, resumed as another:
        assert (one.status, one.refusal["code"]) == (404, "TURN_NOT_FOUND")
        assert (another.status, another.refusal["code"]) == (404, "TURN_NOT_FOUND")


def test_a_cursor_of_an_earlier_turn_says_nothing_about_the_one_asked_for(stack: Stack) -> None:
    conversation = stack.person().begin()
    first, second = conversation.say("/say one"), conversation.say("/say two")
    watched = watch(conversation, after=first.events[3].id, turnId=second.turn_id)
    assert watched.replay() == second.replay()


def test_a_waiting_turn_is_run_by_whoever_attaches_first(stack: Stack) -> None:
    conversation = stack.person().begin()
    links = begin_turn(conversation, TEXT)
    assert stack.emulator.calls() == []
    first = watch(conversation)
    check_stream(first.events)
    assert (first.turn_id, first.last["type"]) == (links["turnId"], "complete")
    assert watch(conversation, turnId=links["turnId"]).replay() == first.replay()
    assert len(stack.emulator.calls()) == 2


def test_of_two_that_attach_at_once_one_runs_the_turn_and_both_see_it(stack: Stack) -> None:
    stack.emulator.play(firstTokenMs=300)
    conversation = stack.person().begin()
    begin_turn(conversation, TEXT)
    with ThreadPoolExecutor(2) as threads:
        one, other = threads.map(lambda _: watch(conversation), range(2))
    check_stream(one.events)
    assert one.events[-1].type in TERMINAL
    assert one.replay() == other.replay()
    assert len(stack.emulator.calls()) == 2
