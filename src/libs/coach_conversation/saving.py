"""Saving: flush the log, commit T2, and only then say how the turn ended."""

from collections.abc import Sequence
from typing import Final

from libs.coach_conversation import reply
from libs.coach_conversation.admission import Admitted
from libs.coach_conversation.endings import Meter, Told, error_event, terminal_event
from libs.coach_conversation.errors import (
    ModelStreamInterrupted,
    StoreUnavailable,
    TurnCancelled,
    TurnLost,
    TurnNotSaved,
)
from libs.coach_conversation.kept.keeping import Known
from libs.coach_conversation.log import TurnLog
from libs.coach_conversation.personal_data import tombstones
from libs.coach_conversation.ports import Ports
from libs.coach_conversation.recovery import find_turn
from libs.coach_conversation.store import allowance, transitions
from libs.coach_conversation.store.ids import iso
from libs.coach_conversation.store.table import ConditionFailed, Write
from libs.coach_conversation.types import Ending, Message, Part, Task
from libs.streaming.events import Terminal, TurnEvent

RETRY_DELAYS_S: Final = (0.2, 0.4, 0.8, 1.6, 3.0)
"""Together within what is left of a lease that was renewed five seconds ago."""
GIVING_UP_S: Final = 1.0
NOT_SAVED: Final = "the answer could not be saved; ask again"


def save(
    admitted: Admitted,
    told: Told,
    *,
    told_events: Sequence[TurnEvent],
    meter: Meter,
    log: TurnLog,
    ports: Ports,
    follow_ups: Sequence[Task] = (),
    known: Sequence[Known] = (),
) -> Terminal:
    """Commit the turn's end and return its terminal event; `complete` only after T2."""
    turn = admitted.turn
    message = _message(admitted, told, reply.fold(told_events), known, ports)
    if message is None and told.failure is None:
        told = Told(failure=ModelStreamInterrupted("the model ended without an answer; ask again"))
    ending = meter.ending(told, ports.clock.monotonic_s())
    try:
        _commit(admitted, ending, _writes(admitted, ending, message, follow_ups, meter, ports), log, ports)
    except (TurnCancelled, TurnLost, TurnNotSaved) as failure:
        return error_event(failure, turn.turn_id)
    return terminal_event(turn.conversation, turn.turn_id, ending, user_message(admitted), message)


def give_up(
    admitted: Admitted, told_events: Sequence[TurnEvent], *, meter: Meter, ports: Ports, until_s: float
) -> None:
    """Say in the record that the answer could not be saved, as soon as the store takes it.

    A turn that nobody waits for has no other way to say it. Whoever ends the turn first wins; until
    `until_s` on the monotonic clock.
    """
    failed = Told(failure=TurnNotSaved(NOT_SAVED))
    ending = meter.ending(failed, ports.clock.monotonic_s())
    message = _message(admitted, failed, reply.fold(told_events), (), ports)
    token = f"{admitted.ids.assistant}-{admitted.lease.attempt}-failed"
    writes = _writes(admitted, ending, message, (), meter, ports)
    while ports.clock.monotonic_s() < until_s:
        try:
            ports.table.commit(writes, token=token)
        except StoreUnavailable:
            ports.clock.sleep(GIVING_UP_S)
        except ConditionFailed:
            return
        else:
            return


def _writes(
    admitted: Admitted,
    ending: Ending,
    message: Message | None,
    follow_ups: Sequence[Task],
    meter: Meter,
    ports: Ports,
) -> list[Write]:
    """Return T2, refused while all of the person's data is being deleted."""
    now_ms, user_id = ports.clock.now_ms(), admitted.turn.conversation.user_id
    replaces = admitted.turn.replaces
    finished = transitions.finish(
        admitted.lease,
        ending,
        message,
        now_ms=now_ms,
        superseded=replaces.answer_id if replaces is not None else None,
        follow_ups=follow_ups if ending.status == "completed" else (),
        due_ms=now_ms + int(ports.limits.pending_s * 1000),
    )
    cost = allowance.spent(user_id, meter.usage, now_ms, ports.limits)
    return [*finished, *cost, tombstones.unless_deleting(user_id)]


def user_message(admitted: Admitted) -> Message:
    """Return the person's message as it is stored."""
    if admitted.turn.replaces is not None:
        return admitted.turn.replaces.said
    return Message(
        message_id=admitted.ids.user,
        role="user",
        parts=(Part("text", admitted.turn.text),),
        turn_id=admitted.turn.turn_id,
        status="complete",
        created_at=admitted.created_at,
        client_timestamp=admitted.turn.client_timestamp,
    )


def _message(
    admitted: Admitted, told: Told, parts: tuple[Part, ...], known: Sequence[Known], ports: Ports
) -> Message | None:
    if not parts:
        return None
    said = "".join(part.text for part in parts)
    return Message(
        message_id=admitted.ids.assistant,
        role="assistant",
        parts=parts,
        turn_id=admitted.turn.turn_id,
        status="complete" if told.failure is None else "partial",
        created_at=iso(ports.clock.now_ms()),
        given=tuple(name for one in known for name in one.given(said)),
    )


def _commit(
    admitted: Admitted,
    ending: Ending,
    writes: Sequence[Write],
    log: TurnLog,
    ports: Ports,
) -> None:
    """Flush and commit, again while the store is away.

    Raises  TurnLost; TurnNotSaved; TurnCancelled: all of the person's data is being deleted
    """
    for delay_s in (*RETRY_DELAYS_S, None):
        try:
            log.flush()
            ports.table.commit(writes, token=f"{admitted.ids.assistant}-{admitted.lease.attempt}")
        except ConditionFailed as failed:
            if _arrived(admitted, ending, ports):
                return
            if tombstones.refused(failed, writes):
                raise TurnCancelled("all of your data is being deleted, this answer with it") from None
            raise TurnLost("another process took this turn over") from None
        except StoreUnavailable as error:
            if delay_s is None:
                raise TurnNotSaved(NOT_SAVED) from error
            ports.clock.sleep(delay_s)
        else:
            return


def _arrived(admitted: Admitted, ending: Ending, ports: Ports) -> bool:
    """Settle a refused T2: an earlier try of it may have happened, its answer lost."""
    try:
        record = find_turn(admitted.turn.conversation, admitted.turn.turn_id, ports)
    except StoreUnavailable:
        return False
    return record is not None and record.attempt == admitted.lease.attempt and record.ending == ending
