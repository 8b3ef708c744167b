"""All ports at once, and the little that most tests begin with."""

import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from libs.coach_conversation.admission import idempotent_turn
from libs.coach_conversation.ports import Journal, Ports, TurnQueue
from libs.coach_conversation.store import items
from libs.coach_conversation.types import (
    CoachId,
    CoachTurn,
    ConversationId,
    ConversationRef,
    Limits,
    Task,
    TurnId,
    UserId,
)
from tests.fakes.clock import FakeClock, FakeUlids
from tests.fakes.executors import InlineExecutor
from tests.fakes.model import FakeModel
from tests.fakes.table import FakeTable

ALICE = UserId("alice")
ATLAS = CoachId("atlas")
REF = ConversationRef(ALICE, ATLAS, ConversationId("c-1"))
STARTER: Mapping[str, Any] = {
    "coachId": "atlas",
    "name": "Atlas",
    "persona": "A calm coach.",
    "specialities": ["squats"],
}


class FakeJournal(Journal):
    """Keeps what an operator would see; `unforeseen` are the places with the errors handled there,
    `given_up` the tasks that failed for good.
    """

    def __init__(self) -> None:
        self.turns: list[Mapping[str, Any]] = []
        self.chats: list[Mapping[str, Any]] = []
        self.unforeseen: list[tuple[str, str]] = []
        self.given_up: list[Mapping[str, Any]] = []

    def task_failed(self, fields: Mapping[str, Any]) -> None:
        self.given_up.append(fields)

    def chat_ended(self, fields: Mapping[str, Any]) -> None:
        self.chats.append(fields)

    def turn_ended(self, fields: Mapping[str, Any]) -> None:
        self.turns.append(fields)

    def unexpected(self, where: str) -> None:
        self.unforeseen.append((where, repr(sys.exception())))


class FakeQueue(TurnQueue):
    def __init__(self) -> None:
        self.sent: list[tuple[ConversationRef, TurnId]] = []
        self.tasks: list[tuple[ConversationRef, TurnId, Task]] = []

    def send_turn(self, ref: ConversationRef, turn_id: TurnId, /) -> None:
        self.sent.append((ref, turn_id))

    def send_task(self, ref: ConversationRef, turn_id: TurnId, task: Task, /) -> None:
        self.tasks.append((ref, turn_id, task))


def make_ports(**overrides: Any) -> Ports:
    """Return ports on fakes, work done inline, nobody limited; anything can be another."""
    clock = overrides.get("clock") or FakeClock()
    ports = Ports(
        table=FakeTable(),
        model=FakeModel(),
        executor=InlineExecutor(),
        clock=clock,
        ulid=FakeUlids(clock),
        journal=FakeJournal(),
        queue=FakeQueue(),
        limits=Limits(turns_per_minute=0),
        answer_model_id="us.anthropic.claude-sonnet-5-5",
        router_model_id="us.amazon.nova-micro-v1:0",
        starter_coach=STARTER,
        jitter=lambda: 0.0,
    )
    return replace(ports, **overrides)


def conversation_items(ref: ConversationRef = REF, **meta: Any) -> list[dict[str, Any]]:
    """Return the items of an empty conversation and of its coach."""
    coach, entry, key = items.coach_key(ref.user_id, ref.coach_id), items.entry_key(ref), items.meta_key(ref)
    return [
        {"pk": coach.pk, "sk": coach.sk, **STARTER, "coachId": ref.coach_id},
        {
            "pk": entry.pk,
            "sk": entry.sk,
            "conversationId": ref.conversation_id,
            "coachId": ref.coach_id,
        },
        {
            "pk": key.pk,
            "sk": key.sk,
            "conversationId": ref.conversation_id,
            "coachId": ref.coach_id,
            "lastId": "",
            "messageCount": 0,
            "createdAt": "2026-11-21T08:00:00.000Z",
            "schemaVersion": 1,
            **items.by_activity(ref, 0),
            **meta,
        },
    ]


def asked(text: str = "How do I squat deeper?", *, key: str = "k-1", ref: ConversationRef = REF) -> CoachTurn:
    """Return the turn of a message."""
    return idempotent_turn(ref, key=key, text=text, client_timestamp=None, client_message_id=None)
