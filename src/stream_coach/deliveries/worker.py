"""The worker's delivery: turns that nobody waits for, follow-ups, and the sweep. Messages carry ids only."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from libs.coach_conversation import conversations, recovery, running, sweeping
from libs.coach_conversation.admission import claim
from libs.coach_conversation.errors import StoreUnavailable, TurnError
from libs.coach_conversation.kept import follow_ups
from libs.coach_conversation.ports import Ports
from libs.coach_conversation.types import ConversationRef, Task, TurnId
from libs.lambda_runtime import Context
from stream_coach.deliveries import queue_messages
from stream_coach.deliveries.watching import deadline_of

MAX_DELIVERIES: Final = 5
"""The queue's `maxReceiveCount`: what fails that often goes to the dead letters."""


def work(records: Sequence[Mapping[str, Any]], context: Context, ports: Ports) -> dict[str, Any]:
    """Do what the messages name; what failed is named, and only that is sent again."""
    failed = [record["messageId"] for record in records if not _work_one(record, context, ports)]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def _work_one(record: Mapping[str, Any], context: Context, ports: Ports) -> bool:
    try:
        wanted = queue_messages.asked(record["body"])
        if wanted.work == queue_messages.QUEUED_TURN:
            run_queued(wanted.conversation, wanted.turn_id, context, ports)
        else:
            is_last = _deliveries(record) >= MAX_DELIVERIES
            run_task(wanted.work, wanted.conversation, wanted.turn_id, ports, is_last=is_last)
    except Exception:  # noqa: BLE001 - one bad message must not fail its batch; SQS sends it to the DLQ in the end
        ports.journal.unexpected("worker")
        return False
    return True


def run_queued(ref: ConversationRef, turn_id: TurnId, context: Context, ports: Ports) -> None:
    """Run the turn to its end if it still waits; delivered again, nothing happens.

    Raises  StoreUnavailable: the message must come again; TurnNotFound: it was never ours
    """
    record = recovery.find_turn(ref, turn_id, ports)
    if record is None:
        conversations.check_deleted(ref, turn_id, ports)
        return
    if record.is_terminal:
        return
    admitted = claim(record, ports)
    if admitted is None:
        recovery.settle(record, ports.clock.now_ms(), ports)
        return
    running.start(admitted, ports, deadline_s=deadline_of(context, ports)).ended.result()


def run_task(task: Task, ref: ConversationRef, turn_id: TurnId, ports: Ports, *, is_last: bool) -> None:
    """Do a follow-up of a turn; where its last delivery fails, it is marked as failed too.

    Raises  whatever went wrong: the message must come again, or go to the dead letters
    """
    try:
        follow_ups.run(task, ref, turn_id, ports)
    except Exception as error:
        if is_last:
            reason = error.code if isinstance(error, TurnError) else TurnError.code
            follow_ups.fail(task, ref, turn_id, reason, ports)
        raise


def _deliveries(record: Mapping[str, Any]) -> int:
    """Return how often SQS has delivered the message, this time included."""
    return int(record.get("attributes", {}).get("ApproximateReceiveCount", 1))


def sweep_due(ports: Ports) -> dict[str, Any]:
    """Settle what is due. An unavailable store is tried again in a minute."""
    try:
        return {"swept": sweeping.sweep(ports)}
    except StoreUnavailable:
        ports.journal.unexpected("sweep")
        return {"swept": 0}
