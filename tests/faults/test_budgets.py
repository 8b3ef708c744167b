"""What a plain turn costs: calls of the table and of the models, counted at the shim."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import pytest

from libs.coach_conversation import context
from libs.coach_conversation.store import items
from libs.coach_conversation.store.ids import next_ulid
from libs.coach_conversation.store.table import Item, Key, Query, Table, Write
from libs.coach_conversation.types import Message, MessageId, Part, TurnId
from tests.conftest import Figures
from tests.fakes.clock import START_MS
from tests.fakes.ports import REF, conversation_items
from tests.fakes.table import FakeTable
from tests.faults.model import Pause, spoken
from tests.faults.world import World

TABLE: Final = ("read", "query", "commit")
MAX_BEFORE_FIRST_CHUNK: Final = 6
MAX_IN_ALL: Final = 10
MAX_A_SECOND: Final = 3
MAX_ITEMS: Final = 30
MAX_QUERIES: Final = 3


def plain_turn(*, deltas: int, pause_s: float, items: Sequence[Item] = ()) -> World:
    """Play one turn; its model pauses before its end too, so that no later call is at a delta's moment."""
    *said, stop, metered = spoken("word", deltas=deltas, pause_s=pause_s)
    world = World(items=items, scripts={"k-1": [(*said, Pause(pause_s), stop, metered)]})
    world.post("k-1")
    world.run_all()
    return world


def table_calls(world: World, *, until_s: float) -> int:
    return sum(call.port in TABLE and call.at_s <= until_s for call in world.operations)


@pytest.mark.parametrize(("deltas", "pause_s"), [(1, 0.2), (10, 0.1), (10, 0.5), (40, 0.5)])
def test_a_plain_turn_calls_the_table_as_often_as_its_budget_allows(
    deltas: int, pause_s: float, figures: Figures
) -> None:
    world = plain_turn(deltas=deltas, pause_s=pause_s)
    (reader,) = world.readers
    first, *_ = reader.of("chunk")
    streaming_s = world.now_s - first.at_s
    before, in_all = table_calls(world, until_s=first.at_s), table_calls(world, until_s=world.now_s)
    most = MAX_IN_ALL + MAX_A_SECOND * streaming_s
    figures(
        f"a turn that streams for {streaming_s:.1f} s: {before} table calls before the first chunk (budget "
        f"{MAX_BEFORE_FIRST_CHUNK}), {in_all} in all (budget {most:.0f})"
    )
    assert reader.seen[-1].kind == "complete"
    assert before <= MAX_BEFORE_FIRST_CHUNK
    assert in_all <= most


def test_a_plain_turn_makes_two_model_calls_and_only_the_router_comes_before_generation() -> None:
    world = plain_turn(deltas=3, pause_s=0.2)
    assert [call.routing for call in world.calls] == [True, False]
    assert world.readers[0].seen[-1].data["usage"]["modelCalls"] == 2


def test_no_model_is_called_before_the_turn_is_stored() -> None:
    world = plain_turn(deltas=1, pause_s=0.1)
    ports = [call.port for call in world.operations]
    assert ports.index("commit") < ports.index("route") < ports.index("generate")


class CountingTable(Table):
    """Counts what context building reads."""

    def __init__(self, table: FakeTable) -> None:
        self.table = table
        self.requests = 0
        self.items = 0

    def read(self, keys: Sequence[Key]) -> dict[Key, Item]:
        self.requests += 1
        return self.table.read(keys)

    def query(self, query: Query) -> list[Item]:
        found = self.table.query(query)
        self.requests += 1
        self.items += len(found)
        return found

    def commit(self, writes: Sequence[Write], *, token: str | None = None) -> None:
        raise AssertionError("context building writes nothing")


def stored_messages(count: int) -> list[dict[str, Any]]:
    """Return the items of that many messages."""
    found, message_id = [], ""
    for number in range(count):
        message_id = next_ulid(now_ms=START_MS - 1_000_000 + number, random_80=0, after=message_id)
        message = Message(
            message_id=MessageId(message_id),
            role="assistant" if number % 2 else "user",
            parts=(Part("text", f"message {number}"),),
            turn_id=TurnId(f"turn-{number // 2}"),
            status="complete",
            created_at="2026-11-20T08:00:00.000Z",
        )
        key = items.message_key(REF, message.message_id)
        found.append({"pk": key.pk, "sk": key.sk, **items.message_item(message)})
    return found


@pytest.mark.parametrize(("messages", "read"), [(20, 20), (500, 30)])
def test_context_building_reads_at_most_thirty_items_however_long_the_conversation(
    messages: int, read: int, figures: Figures
) -> None:
    table = CountingTable(FakeTable([*conversation_items(), *stored_messages(messages)]))
    background = context.load(REF, table, history_items=MAX_ITEMS)
    figures(f"context of {messages} messages: {table.items} items in {table.requests} requests")
    assert [message.content for message in background.history][-1] == f"message {messages - 1}"
    assert table.items == len(background.history) == read <= MAX_ITEMS
    assert table.requests <= MAX_QUERIES


@pytest.mark.parametrize("messages", [20, 500])
def test_a_turn_in_a_long_conversation_costs_no_more_calls(messages: int) -> None:
    stored = stored_messages(messages)
    up_to = stored[-1]["sk"].removeprefix("M#")
    summed_up = conversation_items(summary={"narrative": "They talked of squats."}, summaryUpTo=up_to)
    world = plain_turn(deltas=5, pause_s=0.2, items=[*stored, *summed_up])
    assert called(world) == called(plain_turn(deltas=5, pause_s=0.2))


def test_a_turn_that_leaves_work_behind_costs_one_message_a_task_and_one_write_more() -> None:
    world = plain_turn(deltas=5, pause_s=0.2, items=stored_messages(6))
    assert [task for _, _, task in world.queue.tasks] == ["summary"]
    assert called(world) - called(plain_turn(deltas=5, pause_s=0.2)) == Counter(commit=1, send=1)


def called(world: World) -> Counter[str]:
    """Return how often each port was called."""
    return Counter(call.port for call in world.operations)
