"""A store that is slow or away: what was promised is kept, and what was refused may be sent again."""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Final

import pytest

from tests.conftest import Figures
from tests.stack.client import eventually
from tests.stack.conftest import RELAYED, Relayed
from tests.stack.hearing import Heard, hear, text_for
from tests.stack.relay import Delay, Outage, Plan
from tests.stack.sse import check_stream
from tests.stack.watching import watch

pytestmark = pytest.mark.stack

AS_LIVE: Final = {"routerMs": 250, "firstTokenMs": 600, "interTokenMs": 50}
UNDELAYED_S: Final = 1.5
"""No pause between chunks may come near to what the store is held up, on a loaded machine either."""
TOO_LATE_S: Final = float(RELAYED["STORE_TIMEOUT_S"]) + 0.3
FOR_EVER_S: Final = 60.0

SLOW_LOGS: Final[dict[str, Plan]] = {
    "is 2 s behind": Delay(("log",), 1.8),
    "fails for 3 s": Outage(("log", "UpdateItem"), 3.0),
    "does not answer in time": Delay(("log",), 2.2),
}


@pytest.fixture(scope="module")
def told(shared_relayed: Relayed) -> dict[str, Heard]:
    """Turns that stream for about 4 s, side by side, by what their log does."""
    shared_relayed.stack.emulator.play(**AS_LIVE)
    with ThreadPoolExecutor(len(SLOW_LOGS)) as threads:
        turns = threads.map(lambda plan: hear(shared_relayed, 80, plan), SLOW_LOGS.values())
        return dict(zip(SLOW_LOGS, turns, strict=True))


@pytest.mark.parametrize("what", SLOW_LOGS)
def test_a_slow_log_delays_no_chunk_and_loses_nothing(
    what: str, told: dict[str, Heard], figures: Figures
) -> None:
    conversation, stream = told[what].conversation, told[what].stream
    arrivals = [chunk.at_s for chunk in stream.of("chunk")]
    pause_s = max(later - earlier for earlier, later in pairwise(arrivals))
    figures(f"a log that {what}: the longest pause between two chunks {pause_s:.2f} s")
    assert pause_s < UNDELAYED_S
    assert stream.last["type"] == "complete"
    assert watch(conversation, turnId=stream.turn_id).replay() == stream.replay()
    assert [item["content"] for item in conversation.stored()][1] == stream.text


def test_an_end_that_cannot_be_saved_at_once_is_saved_a_little_later(relayed: Relayed) -> None:
    heard = hear(relayed, 5, Outage(("T2",), 1.0))
    assert heard.stream.last["type"] == "complete"
    assert [one.name for one in heard.operations].count("T2") > 1
    assert [item["content"] for item in heard.conversation.stored()][1] == heard.stream.text


def test_a_message_that_cannot_be_stored_is_refused_and_may_be_sent_again(relayed: Relayed) -> None:
    conversation = relayed.stack.person().begin()
    relayed.ledger.expect(conversation.person.user, Outage(("T1",), FOR_EVER_S))
    with conversation.stream(text_for(conversation, 5), key="k") as stream:
        refusal = stream.refusal
    assert (stream.status, refusal["code"], refusal["retryable"]) == (503, "STORE_UNAVAILABLE", True)
    assert int(stream.headers["retry-after"]) >= 1
    assert conversation.stored() == []
    assert relayed.stack.emulator.calls() == []
    relayed.ledger.expect(conversation.person.user)
    again = conversation.say(text_for(conversation, 5), key="k")
    assert again.last["type"] == "complete"
    assert len(conversation.stored()) == 2


def test_a_message_that_was_stored_too_late_is_answered_once_when_it_is_sent_again(relayed: Relayed) -> None:
    conversation = relayed.stack.person().begin()
    relayed.ledger.expect(conversation.person.user, Delay(("T1",), TOO_LATE_S))
    with conversation.stream(text_for(conversation, 5), key="k") as stream:
        assert (stream.status, stream.refusal["code"]) == (503, "STORE_UNAVAILABLE")
    [user] = eventually(lambda: conversation.stored() or None)
    assert user["role"] == "user"
    assert relayed.stack.emulator.calls() == []
    relayed.ledger.expect(conversation.person.user)
    again = conversation.say(text_for(conversation, 5), key="k")
    assert again.last["type"] == "complete"
    assert [item["role"] for item in conversation.stored()] == ["user", "assistant"]
    assert len(relayed.stack.emulator.calls()) == 2


def test_a_conversation_that_cannot_be_read_ends_its_turn_and_goes_on_later(relayed: Relayed) -> None:
    conversation = relayed.stack.person().begin()
    relayed.ledger.expect(conversation.person.user, Outage(("BatchGetItem",), FOR_EVER_S))
    told = conversation.say(text_for(conversation, 5))
    assert (told.last["code"], told.last["retryable"]) == ("STORE_UNAVAILABLE", True)
    assert relayed.stack.emulator.calls() == []
    relayed.ledger.expect(conversation.person.user)
    assert conversation.say(text_for(conversation, 5)).last["type"] == "complete"


def test_a_reader_waits_for_a_store_that_is_away_and_misses_nothing(relayed: Relayed) -> None:
    relayed.stack.emulator.play(interTokenMs=60)
    conversation = relayed.stack.person().begin()
    with conversation.stream(text_for(conversation, 40)) as stream:
        stream.until("chunk", count=3)
        relayed.ledger.expect(conversation.person.user, Outage(("Query",), 1.0))
        watched = watch(conversation, turnId=stream.turn_id)
        stream.read()
    check_stream(watched.events)
    assert watched.replay() == stream.replay()
