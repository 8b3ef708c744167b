"""Turns on the relayed stack, each with what it asked of the store and the models."""

from dataclasses import dataclass

from tests.stack.client import Conversation, Stream
from tests.stack.conftest import Relayed
from tests.stack.relay import MODEL_CALLS, Operation, Plan


@dataclass(frozen=True, slots=True)
class Heard:
    """A finished turn, and what it asked for."""

    conversation: Conversation
    stream: Stream
    operations: list[Operation]

    @property
    def at_the_store(self) -> list[Operation]:
        return [one for one in self.operations if one.name not in MODEL_CALLS]

    @property
    def at_the_models(self) -> list[str]:
        return [one.name for one in self.operations if one.name in MODEL_CALLS]


def text_for(conversation: Conversation, words: int) -> str:
    """Return a message by whose model calls the relay knows the person."""
    said = " ".join(f"word-{number}" for number in range(words))
    return f"/say {conversation.person.user} {said}"


def hear(relayed: Relayed, words: int, plan: Plan | None = None) -> Heard:
    """Have a turn in a new conversation while `plan` happens to it."""
    conversation = relayed.stack.person().begin()
    user = conversation.person.user
    relayed.ledger.expect(user, plan)
    stream = conversation.say(text_for(conversation, words))
    return Heard(conversation, stream, relayed.ledger.heard(user))
