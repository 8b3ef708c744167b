"""Recovery: end a turn whose process is gone, with what its log kept."""

from contextlib import suppress
from typing import Final

from libs.coach_conversation import items, reply, transitions
from libs.coach_conversation.errors import ModelStreamInterrupted
from libs.coach_conversation.ids import iso
from libs.coach_conversation.ports import Ports
from libs.coach_conversation.table import ConditionFailed, Query
from libs.coach_conversation.types import Ending, Limits, Message, TurnRecord
from libs.streaming.events import TurnEvent

INTERRUPTED: Final = "the answer broke off before its end; what was kept of it is saved"
LOG_PAGE: Final = 1000


def is_abandoned(record: TurnRecord, now_ms: int, limits: Limits) -> bool:
    """Whether the lease of a live turn has run out, with the skew that clocks may have."""
    return not record.is_terminal and record.lease_until_ms + limits.clock_skew_s * 1000 < now_ms


def logged(record: TurnRecord, ports: Ports, *, after: int = 0) -> list[tuple[int, TurnEvent]]:
    """Return the logged events behind number `after`, in order; entries past their ttl do not count."""
    prefix = f"EV#{record.turn_id}#"
    now_s = ports.clock.now_ms() // 1000
    found: list[tuple[int, TurnEvent]] = []
    last_key: str | None = None
    while True:
        page = ports.table.query(
            Query(pk=items.partition(record.conversation), prefix=prefix, after=last_key, limit=LOG_PAGE)
        )
        fresh = [item for item in page if item["ttl"] > now_s]
        found += [event for event in items.events_from(fresh) if event[0] > after]
        if len(page) < LOG_PAGE:
            return found
        last_key = page[-1]["sk"]


def fold(record: TurnRecord, ports: Ports) -> None:
    """End an abandoned turn as interrupted; whoever folds second changes nothing."""
    now_ms = ports.clock.now_ms()
    parts = reply.fold(event for _, event in logged(record, ports))
    message = Message(
        message_id=record.assistant_message_id,
        role="assistant",
        parts=parts,
        turn_id=record.turn_id,
        status="partial",
        created_at=iso(now_ms),
    )
    ending = Ending(
        status="interrupted",
        stop_reason=None,
        error_code=ModelStreamInterrupted.code,
        error_message=INTERRUPTED,
        retryable=True,
        usage={},
        timings={},
    )
    with suppress(ConditionFailed):
        writes = transitions.fold(record, ending, message if parts else None, now_ms=now_ms)
        ports.table.commit(writes)
