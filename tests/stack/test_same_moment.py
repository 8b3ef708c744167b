"""The same message twice at the same instant, and again when all is over: one turn, equal to the byte."""

import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import httpx
import pytest

from tests.conftest import Figures
from tests.stack.client import Conversation, Stack, Stream
from tests.stack.sse import check_stream
from tests.stack.watching import begin_turn, watch

pytestmark = pytest.mark.stack

TEXT = "/say the very same words"
PAIRS = 8
READERS = 6


def _together(conversation: Conversation, count: int, *texts: str) -> list[Stream]:
    """Say something under one key as often as that, all at the same instant; texts go round."""
    instant = Barrier(count)

    def say(number: int) -> Stream:
        instant.wait()
        with conversation.stream(texts[number % len(texts)], key="k") as stream:
            stream.read()
        return stream

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(say, range(count)))


def test_two_posts_with_one_key_are_one_turn_with_two_readers(stack: Stack, figures: Figures) -> None:
    stack.emulator.play(routerMs=50, firstTokenMs=100, interTokenMs=20)
    conversations = [stack.person().begin() for _ in range(PAIRS)]
    with ThreadPoolExecutor(PAIRS) as threads:
        pairs = list(threads.map(lambda conversation: _together(conversation, 2, TEXT), conversations))
    for conversation, (one, other) in zip(conversations, pairs, strict=True):
        check_stream(one.events)
        assert one.last["type"] == "complete"
        assert one.replay() == other.replay()
        assert [item["role"] for item in conversation.stored()] == ["user", "assistant"]
    operations = stack.emulator.operations()
    assert sorted(operations) == ["Converse"] * PAIRS + ["ConverseStream"] * PAIRS
    figures(f"{PAIRS} pairs of posts with one key at once: {PAIRS} turns, {len(operations)} model calls")


def test_many_posts_with_one_key_are_one_turn(stack: Stack) -> None:
    stack.emulator.play(firstTokenMs=200)
    conversation = stack.person().begin()
    first, *others = _together(conversation, READERS, TEXT)
    check_stream(first.events)
    assert all(other.replay() == first.replay() for other in others)
    assert len(stack.emulator.calls()) == 2
    assert len(conversation.stored()) == 2


def test_of_two_texts_with_one_key_one_is_said_and_the_other_refused(stack: Stack) -> None:
    conversation = stack.person().begin()
    told = {stream.status: stream for stream in _together(conversation, 2, TEXT, "/say another text")}
    assert told.keys() == {200, 422}
    assert told[422].refusal["code"] == "IDEMPOTENCY_KEY_REUSED"
    check_stream(told[200].events)
    assert [item["role"] for item in conversation.stored()] == ["user", "assistant"]
    assert len(stack.emulator.calls()) == 2


def test_two_messages_with_two_keys_at_the_same_instant_never_interleave(stack: Stack) -> None:
    stack.emulator.play(firstTokenMs=200)
    conversation, instant = stack.person().begin(), Barrier(2)

    def say(key: str) -> Stream:
        instant.wait()
        with conversation.stream(f"/say {key}", key=key) as stream:
            stream.read()
        return stream

    with ThreadPoolExecutor(2) as threads:
        told = {stream.status: stream for stream in threads.map(say, ("one", "other"))}
    assert told.keys() == {200, 409}
    assert told[409].refusal["turnId"] == told[200].turn_id
    assert told[200].last["type"] == "complete"
    assert [item["role"] for item in conversation.stored()] == ["user", "assistant"]


def _bytes(conversation: Conversation, method: str, path: str, **request: object) -> bytes:
    person = conversation.person
    headers = {**person.headers, "idempotency-key": "k"}
    response: httpx.Response = person.stack.http.request(
        method, f"{conversation.path}{path}", headers=headers, json=request or None
    )
    assert response.status_code == 200, response.text
    return response.content


def test_a_replay_is_equal_to_the_byte(stack: Stack) -> None:
    stack.emulator.play(interTokenMs=20)
    conversation = stack.person().begin()
    live = _bytes(conversation, "POST", "/stream", userResponse=TEXT)
    again = _bytes(conversation, "POST", "/stream", userResponse=TEXT)
    found = re.search(rb'"turnId":"([0-9a-f]+)"', live)
    assert found
    attached = _bytes(conversation, "GET", f"/stream?turnId={found[1].decode()}")
    assert live == again == attached
    assert live.startswith(b"retry: 3000\n\nid: ")
    assert len(stack.emulator.calls()) == 2
    assert len(conversation.stored()) == 2


def test_a_post_with_the_key_of_a_waiting_turn_runs_it(stack: Stack) -> None:
    conversation = stack.person().begin()
    links = begin_turn(conversation, TEXT, key="k")
    told = conversation.say(TEXT, key="k")
    assert (told.turn_id, told.last["type"]) == (links["turnId"], "complete")
    assert watch(conversation, turnId=told.turn_id).replay() == told.replay()
    later = begin_turn(conversation, TEXT, key="k")
    assert (later["turnId"], later["status"]) == (links["turnId"], "completed")
    assert later["pollUrl"] == links["pollUrl"]
    assert len(stack.emulator.calls()) == 2
    assert len(conversation.stored()) == 2
