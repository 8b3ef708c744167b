"""What a turn asks of the store and the models, as a relay counts it; and a store that is slow or away."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import pytest

from tests.stack.client import Conversation, Stream
from tests.stack.conftest import Figures, Relayed
from tests.stack.relay import MODEL_CALLS, Delay, Operation, Outage, Plan
from tests.stack.sse import check_stream
from tests.stack.watching import watch

pytestmark = pytest.mark.stack

BEFORE_FIRST_CHUNK: Final = 6
IN_ALL: Final = 10
A_SECOND: Final = 3
HISTORY_ITEMS: Final = 30
QUERIES: Final = 3
AS_LIVE: Final = {"routerMs": 250, "firstTokenMs": 600, "interTokenMs": 50}
UNDELAYED_S: Final = 1.0
"""No pause between chunks may come near to what the store is held up, on a loaded machine either."""


SLOW_LOGS: Final[dict[str, Plan]] = {
    "is 2 s behind": Delay(("log",), 1.8),
    "fails for 3 s": Outage(("log", "UpdateItem"), 3.0),
    "does not answer in time": Delay(("log",), 2.2),
}
PLAIN: Final = "is in order"


@dataclass(frozen=True, slots=True)
class Told:
    """A finished turn, and what it asked for."""

    conversation: Conversation
    stream: Stream
    heard: list[Operation]


def _text(conversation: Conversation, words: int) -> str:
    said = " ".join(f"word-{number}" for number in range(words))
    return f"/say {conversation.person.user} {said}"


def _say(relayed: Relayed, words: int, plan: Plan | None = None) -> Told:
    conversation = relayed.stack.person().begin()
    user = conversation.person.user
    relayed.ledger.expect(user, plan)
    stream = conversation.say(_text(conversation, words))
    return Told(conversation, stream, relayed.ledger.heard(user))


@pytest.fixture(scope="module")
def told(shared_relayed: Relayed) -> dict[str, Told]:
    """Turns that stream for about 5 s, side by side, by what their log does."""
    shared_relayed.stack.emulator.play(**AS_LIVE)
    plans = {PLAIN: None, **SLOW_LOGS}
    with ThreadPoolExecutor(len(plans)) as threads:
        turns = threads.map(lambda plan: _say(shared_relayed, 100, plan), plans.values())
        return dict(zip(plans, turns, strict=True))


def test_a_plain_turn_stays_within_its_budget_of_calls(told: dict[str, Told], figures: Figures) -> None:
    stream, heard = told[PLAIN].stream, told[PLAIN].heard
    chunks_s = [stream.sent_s + chunk.at_s for chunk in stream.of("chunk")]
    streaming_s = chunks_s[-1] - chunks_s[0]
    store = [one for one in heard if one.name not in MODEL_CALLS]
    before = [one.name for one in store if one.at_s < chunks_s[0]]
    budget = IN_ALL + A_SECOND * streaming_s
    figures(
        f"a turn that streams {streaming_s:.1f} s: {len(before)} store calls before the first chunk "
        f"({', '.join(before)}; budget {BEFORE_FIRST_CHUNK}), {len(store)} in all "
        f"(budget {budget:.0f}): {dict(Counter(one.name for one in store))}"
    )
    assert streaming_s > 4.5
    assert len(before) <= BEFORE_FIRST_CHUNK
    assert len(store) <= budget


def test_a_plain_turn_calls_two_models_the_router_alone_before_the_answer(told: dict[str, Told]) -> None:
    calls = [one.name for one in told[PLAIN].heard if one.name in MODEL_CALLS]
    assert calls == ["Converse", "ConverseStream"]
    assert told[PLAIN].stream.last["usage"]["modelCalls"] == 2


@pytest.mark.parametrize("what", SLOW_LOGS)
def test_a_slow_log_delays_no_chunk_and_loses_nothing(
    what: str, told: dict[str, Told], figures: Figures
) -> None:
    conversation, stream = told[what].conversation, told[what].stream
    arrivals = [chunk.at_s for chunk in stream.of("chunk")]
    pause_s = max(later - earlier for earlier, later in pairwise(arrivals))
    figures(f"a log that {what}: the longest pause between two chunks {pause_s:.2f} s")
    assert pause_s < UNDELAYED_S
    assert stream.last["type"] == "complete"
    assert watch(conversation, turnId=stream.turn_id).replay() == stream.replay()
    assert [item["content"] for item in conversation.stored()][1] == stream.text


def _old_messages(conversation: Conversation, count: int) -> list[dict[str, Any]]:
    user, conversation_id = conversation.where
    return [
        {
            "pk": f"U#{user}#C#{conversation_id}",
            "sk": f"M#{number:026d}",
            "messageId": f"{number:026d}",
            "role": "assistant" if number % 2 else "user",
            "content": f"message {number}",
            "parts": [{"kind": "answer" if number % 2 else "text", "length": len(f"message {number}")}],
            "turnId": "0" * 32,
            "status": "complete",
            "createdAt": "2026-11-21T09:30:00.000Z",
        }
        for number in range(count)
    ]


@pytest.mark.parametrize("messages", [20, 500])
def test_context_is_read_within_its_budget_however_long_the_conversation(
    messages: int, relayed: Relayed, figures: Figures
) -> None:
    conversation = relayed.stack.person().begin()
    relayed.stack.table.put(_old_messages(conversation, messages))
    relayed.ledger.expect(conversation.person.user)
    conversation.say(_text(conversation, 5))
    queries = [one for one in relayed.ledger.heard(conversation.person.user) if one.name == "Query"]
    limits = [json.loads(one.body)["Limit"] for one in queries]
    shown = relayed.stack.emulator.calls()[-1]["request"]["messages"]
    figures(f"context at {messages} messages: {len(queries)} query for at most {sum(limits)} items")
    assert len(queries) <= QUERIES
    assert sum(limits) <= HISTORY_ITEMS
    assert len(shown) == min(messages, HISTORY_ITEMS) + 1
    assert shown[-2]["content"] == [{"text": f"message {messages - 1}"}]


def test_an_end_that_cannot_be_saved_at_once_is_saved_a_little_later(relayed: Relayed) -> None:
    saved = _say(relayed, 5, Outage(("T2",), 1.0))
    assert saved.stream.last["type"] == "complete"
    assert sum(one.name == "T2" for one in saved.heard) > 1
    assert [item["content"] for item in saved.conversation.stored()][1] == saved.stream.text


def test_a_message_that_cannot_be_stored_is_refused_and_may_be_sent_again(relayed: Relayed) -> None:
    conversation = relayed.stack.person().begin()
    relayed.ledger.expect(conversation.person.user, Outage(("T1",), 60.0))
    with conversation.stream(_text(conversation, 5), key="k") as stream:
        refusal = stream.refusal
    assert (stream.status, refusal["code"], refusal["retryable"]) == (503, "STORE_UNAVAILABLE", True)
    assert int(stream.headers["retry-after"]) >= 1
    assert conversation.stored() == []
    assert relayed.stack.emulator.calls() == []
    relayed.ledger.expect(conversation.person.user)
    again = conversation.say(_text(conversation, 5), key="k")
    check_stream(again.events)
    assert again.last["type"] == "complete"
    assert len(conversation.stored()) == 2
