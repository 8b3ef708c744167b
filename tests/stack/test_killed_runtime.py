"""`kill -9` of a runtime process in the middle of its streams: what was said is kept, and life goes on."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from tests.conftest import Figures
from tests.stack.client import POLL_S, Conversation, Stack, Stream, eventually
from tests.stack.stored import Item

pytestmark = pytest.mark.stack

TURNS = 6
"""Over two processes: enough that each has some."""
WORDS = " ".join(f"word-{number}" for number in range(40))
ACCEPTED_WITHIN_S = 20.0
BUSY = 409
KEY = "the-same-key"


@dataclass(frozen=True, slots=True)
class Broken:
    """A turn whose process was killed, as its client saw it, and as it stood in the table right then."""

    conversation: Conversation
    told: Stream
    stored: list[Item]


@dataclass(frozen=True, slots=True)
class Killing:
    """Turns that ran when one of the processes was killed."""

    killed_s: float
    broken: list[Broken]
    survived: list[Stream]


def _say(conversation: Conversation) -> Stream:
    with conversation.stream(f"/say {WORDS}", key=KEY) as stream:
        stream.read()
    return stream


def _has_logged_chunks(conversation: Conversation) -> bool:
    table = conversation.person.stack.table
    turn_id = table.meta(*conversation.where).get("activeTurn")
    entries = table.log(*conversation.where, str(turn_id))
    return any('"type":"chunk"' in str(entry["events"]) for entry in entries)


@pytest.fixture(scope="module")
def killing(shared_stack: Stack) -> Killing:
    shared_stack.emulator.play(interTokenMs=100)
    conversations = [shared_stack.person().begin() for _ in range(TURNS)]
    with ThreadPoolExecutor(TURNS) as threads:
        streams = [threads.submit(_say, conversation) for conversation in conversations]
        eventually(lambda: all(map(_has_logged_chunks, conversations)))
        os.kill(shared_stack.endpoints.pids["function"][0], signal.SIGKILL)
        killed_s = time.monotonic()
        told = [stream.result() for stream in streams]
    turns = list(zip(conversations, told, strict=True))
    broken = [Broken(conversation, one, conversation.stored()) for conversation, one in turns if one.broken]
    return Killing(killed_s, broken, [one for one in told if not one.broken])


@pytest.fixture(scope="module")
def folded(killing: Killing) -> tuple[Broken, Stream, float]:
    """One of the broken turns, the first turn that its conversation took again, and when that was."""
    broken = killing.broken[0]
    broken.conversation.person.stack.emulator.play()
    while True:
        with broken.conversation.stream("/say here I am again") as stream:
            stream.read()
        after_s = time.monotonic() - killing.killed_s
        if stream.status != BUSY:
            return broken, stream, after_s
        assert after_s < ACCEPTED_WITHIN_S
        time.sleep(10 * POLL_S)


def test_the_clients_of_the_killed_process_see_a_broken_response(killing: Killing) -> None:
    assert killing.broken
    for broken in killing.broken:
        assert broken.told.types[-1] == "chunk"
        assert 0 < len(broken.told.answer) < len(WORDS)


def test_the_turns_of_the_other_process_go_on_undisturbed(killing: Killing) -> None:
    assert killing.survived
    for told in killing.survived:
        assert (told.last["type"], told.answer) == ("complete", WORDS)


def test_the_message_of_a_broken_turn_is_in_the_table(killing: Killing) -> None:
    for broken in killing.broken:
        [user] = broken.stored
        assert (user["role"], user["content"]) == ("user", f"/say {WORDS}")


def test_the_killed_process_is_replaced(killing: Killing, stack: Stack) -> None:
    assert stack.person().begin().say("/say hello again").answer == "hello again"


def test_a_broken_conversation_is_busy_while_its_lease_lasts(killing: Killing) -> None:
    broken = killing.broken[0]
    with broken.conversation.stream("/say too early") as stream:
        refusal = stream.refusal
    assert (stream.status, refusal["code"]) == (BUSY, "CONVERSATION_BUSY")
    assert (refusal["turnId"], refusal["retryable"]) == (broken.told.turn_id, True)


def test_the_next_message_is_taken_within_20_seconds(
    folded: tuple[Broken, Stream, float], figures: Figures
) -> None:
    _, told, after_s = folded
    figures(f"after kill -9 the next message was taken after {after_s:.1f} s; budget {ACCEPTED_WITHIN_S:.0f}")
    assert (told.status, told.last["type"], told.answer) == (200, "complete", "here I am again")
    assert after_s < ACCEPTED_WITHIN_S


def test_what_was_said_until_the_kill_is_kept_as_a_partial_message(
    folded: tuple[Broken, Stream, float],
) -> None:
    broken, *_ = folded
    _, partial, *_ = broken.conversation.history()["messages"]
    assert (partial["role"], partial["status"]) == ("assistant", "partial")
    assert partial["turnId"] == broken.told.turn_id
    assert broken.told.text.startswith(partial["content"])
    assert "word-0 " in partial["content"]


def test_the_same_key_again_gives_what_was_kept_and_one_error(
    killing: Killing, folded: tuple[Broken, Stream, float]
) -> None:
    for broken in killing.broken[-2:]:
        before = len(broken.conversation.person.stack.emulator.calls())
        again = broken.conversation.say(f"/say {WORDS}", key=KEY)
        assert (again.last["type"], again.last["code"]) == ("error", "MODEL_STREAM_INTERRUPTED")
        assert again.turn_id == broken.told.turn_id
        assert again.replay()[:-1] == broken.told.replay()[: len(again.events) - 1]
        assert again.last["savedContent"] == again.text
        assert again.text == broken.conversation.stored()[1]["content"]
        assert len(broken.conversation.person.stack.emulator.calls()) == before
