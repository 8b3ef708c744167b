"""What a turn asks of the store and the models, as a relay counts it."""

import json
from collections import Counter
from typing import Any, Final

import pytest

from tests.conftest import Figures
from tests.stack.client import Conversation
from tests.stack.conftest import Relayed
from tests.stack.hearing import Heard, hear, text_for

pytestmark = pytest.mark.stack

BEFORE_FIRST_CHUNK: Final = 6
IN_ALL: Final = 10
A_SECOND: Final = 3
HISTORY_ITEMS: Final = 20
ITEMS: Final = 30
QUERIES: Final = 3
AS_LIVE: Final = {"routerMs": 250, "firstTokenMs": 600, "interTokenMs": 50}


@pytest.fixture(scope="module")
def plain(shared_relayed: Relayed) -> Heard:
    """A turn that streams for about 5 s."""
    shared_relayed.stack.emulator.play(**AS_LIVE)
    return hear(shared_relayed, 100)


def test_a_plain_turn_stays_within_its_budget_of_calls(plain: Heard, figures: Figures) -> None:
    stream, store = plain.stream, plain.at_the_store
    chunks_s = [stream.sent_s + chunk.at_s for chunk in stream.of("chunk")]
    streaming_s = chunks_s[-1] - chunks_s[0]
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


def test_a_plain_turn_calls_two_models_the_router_alone_before_the_answer(plain: Heard) -> None:
    assert plain.at_the_models == ["Converse", "ConverseStream"]
    assert plain.stream.last["usage"]["modelCalls"] == 2


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
    conversation.say(text_for(conversation, 5))
    queries = [one for one in relayed.ledger.heard(conversation.person.user) if one.name == "Query"]
    limits = [json.loads(one.body)["Limit"] for one in queries]
    shown = relayed.stack.emulator.calls()[-1]["request"]["messages"]
    figures(f"context at {messages} messages: {len(queries)} queries, at most {sum(limits)} items")
    assert len(queries) <= QUERIES
    assert sum(limits) <= ITEMS
    assert len(shown) == min(messages, HISTORY_ITEMS) + 1
    assert shown[-2]["content"] == [{"text": f"message {messages - 1}"}]
