"""The worker's delivery: turns that nobody waits for, and the sweep. Messages carry ids only."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from libs.coach_conversation import recovery, running, sweeping
from libs.coach_conversation.admission import claim
from libs.coach_conversation.errors import StoreUnavailable
from libs.coach_conversation.ports import Ports
from libs.coach_conversation.types import CoachId, ConversationId, ConversationRef, TurnId, UserId
from libs.lambda_runtime import Context
from stream_coach.deliveries.watching import deadline_of


def work(records: Sequence[Mapping[str, Any]], context: Context, ports: Ports) -> dict[str, Any]:
    """Run the turns that the messages name; what failed is named, and only that is sent again."""
    failed = [record["messageId"] for record in records if not _work_one(record, context, ports)]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def _work_one(record: Mapping[str, Any], context: Context, ports: Ports) -> bool:
    try:
        body = json.loads(record["body"])
        ref = ConversationRef(
            UserId(body["userId"]), CoachId(body["coachId"]), ConversationId(body["conversationId"])
        )
        run_queued(ref, TurnId(body["turnId"]), context, ports)
    except Exception:  # noqa: BLE001 - one bad message must not fail its batch; SQS sends it to the DLQ in the end
        ports.journal.unexpected("worker")
        return False
    return True


def run_queued(ref: ConversationRef, turn_id: TurnId, context: Context, ports: Ports) -> None:
    """Run the turn to its end if it still waits; delivered again, nothing happens.

    Raises  StoreUnavailable: the message must come again
    """
    record = recovery.find_turn(ref, turn_id, ports)
    if record is None or record.is_terminal:
        return
    admitted = claim(record, ports)
    if admitted is None:
        recovery.settle(record, ports.clock.now_ms(), ports)
        return
    running.start(admitted, ports, deadline_s=deadline_of(context, ports)).ended.result()


def sweep_due(ports: Ports) -> dict[str, Any]:
    """Settle what is due. An unavailable store is tried again in a minute."""
    try:
        return {"swept": sweeping.sweep(ports)}
    except StoreUnavailable:
        ports.journal.unexpected("sweep")
        return {"swept": 0}
