"""Regeneration: answer the latest message once more; the new answer takes the old one's place."""

from typing import Final

from libs.coach_conversation.conversations import require
from libs.coach_conversation.errors import InvalidUserResponse
from libs.coach_conversation.ports import Ports
from libs.coach_conversation.store import ids, items
from libs.coach_conversation.store.table import Query
from libs.coach_conversation.types import CoachTurn, ConversationRef, Message, Replaced, TurnId

LATEST: Final = 2


def regeneration(
    ref: ConversationRef, *, client_message_id: str, answer_id: str | None, ports: Ports
) -> CoachTurn:
    """Return the turn that answers the latest message anew; its key is that message and the old answer.

    Asked for again with the same ids, it is the same turn: found by its id, whatever was said since.
    Without an `answer_id`, which AI SDK clients may leave out, the latest answer is meant.

    Raises  ConversationNotFound; InvalidUserResponse: `answer_id` is not the latest answer
    """
    meta = require(ref, ports)
    said, answer = _latest(ref, ports)
    replaced_id = answer_id or (answer.message_id if answer is not None else "")
    key = f"again:{client_message_id}:{replaced_id}"
    turn_id = TurnId(ids.turn_id(ref.user_id, ref.conversation_id, key))
    turn = items.turn_key(ref, turn_id)
    begun = ports.table.read([turn]).get(turn)
    if begun is not None:
        body_hash = str(begun["bodyHash"])
    elif answer_id is not None and (answer is None or answer.message_id != answer_id):
        raise InvalidUserResponse("messageId is not the latest answer; only that can be regenerated")
    else:
        body_hash = ids.body_hash(ref.coach_id, said.content)
    return CoachTurn(
        conversation=ref,
        turn_id=turn_id,
        body_hash=body_hash,
        text=said.content,
        client_timestamp=said.client_timestamp,
        replaces=Replaced(said, answer.message_id if answer is not None else None, str(meta["lastId"])),
    )


def _latest(ref: ConversationRef, ports: Ports) -> tuple[Message, Message | None]:
    """Return the person's latest message and the answer to it, if one was saved."""
    found = ports.table.query(Query(pk=items.partition(ref), prefix="M#", limit=LATEST, descending=True))
    messages = [items.message_from(item) for item in found]
    answers = [message for message in messages[:1] if message.role == "assistant"]
    asked = [message for message in messages[len(answers) :] if message.role == "user"]
    if not asked:
        raise InvalidUserResponse("there is no message yet whose answer could be regenerated")
    return asked[0], answers[0] if answers else None
