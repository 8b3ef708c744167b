from collections.abc import Sequence
from dataclasses import replace

import pytest

from libs.coach_conversation import recovery
from libs.coach_conversation.admission import Admitted, enqueue
from libs.coach_conversation.recovery import LOG_PAGE
from libs.coach_conversation.store import items, log_items, transitions
from libs.coach_conversation.store.table import ConditionFailed, Put
from libs.coach_conversation.types import Ending, Mode, Part, TurnId
from libs.streaming.events import Chunk, Contextual, Progress, TurnEvent
from tests.fakes.clock import START_MS
from tests.fakes.faults import preceded_by
from tests.fakes.ports import REF, asked
from tests.libs.coach_conversation.scenes import Scene

INTERRUPTED = Ending(
    status="interrupted",
    error_code="MODEL_STREAM_INTERRUPTED",
    error_message="the answer broke off before its end; what was kept of it is saved",
    retryable=True,
)


def running(*entries: Sequence[TurnEvent]) -> tuple[Scene, Admitted]:
    """Return a turn that runs, with these log entries."""
    scene = Scene()
    admitted = scene.admit()
    scene.keep(admitted, *entries)
    return scene, admitted


# The log


def test_a_log_is_read_in_order_with_its_last_key() -> None:
    scene, _ = running([Progress("routing", "r"), Chunk("a")], [Chunk("b")])
    events, last_key = recovery.logged(scene.record(), scene.ports)
    assert events == [(1, Progress("routing", "r")), (2, Chunk("a")), (3, Chunk("b"))]
    assert last_key == f"EV#{asked().turn_id}#00000003"


def test_a_log_is_read_on_from_a_key() -> None:
    scene, admitted = running([Chunk("a")], [Chunk("b")])
    _, last_key = recovery.logged(scene.record(), scene.ports)
    assert recovery.logged(scene.record(), scene.ports, after_key=last_key) == ([], last_key)
    scene.keep(admitted, [Chunk("c")])
    events, _ = recovery.logged(scene.record(), scene.ports, after_key=last_key)
    assert events == [(3, Chunk("c"))]


def test_an_empty_log_has_no_last_key() -> None:
    scene, _ = running()
    assert recovery.logged(scene.record(), scene.ports) == ([], None)


@pytest.mark.parametrize("count", [LOG_PAGE - 1, LOG_PAGE, LOG_PAGE + 1, 2 * LOG_PAGE])
def test_a_log_may_be_longer_than_a_page(count: int) -> None:
    scene, _ = running(*[[Chunk(f"{number}")] for number in range(count)])
    events, _ = recovery.logged(scene.record(), scene.ports)
    assert [number for number, _ in events] == [*range(1, count + 1)]


def test_entries_past_their_ttl_do_not_count() -> None:
    scene, _ = running([Chunk("a")])
    scene.clock.advance(86_399)
    assert recovery.logged(scene.record(), scene.ports)[0] == [(1, Chunk("a"))]
    scene.clock.advance(1)
    assert recovery.logged(scene.record(), scene.ports)[0] == []


def test_the_log_of_another_turn_is_not_read() -> None:
    scene, _ = running([Chunk("a")])
    other = items.log_key(REF, TurnId(f"{asked().turn_id}0"), 1)
    scene.stored.commit([Put(other, log_items.log_item(TurnId("t"), 1, [Chunk("x")], START_MS))])
    assert recovery.logged(scene.record(), scene.ports)[0] == [(1, Chunk("a"))]


# Fold


def test_a_turn_is_folded_into_what_its_log_kept() -> None:
    scene, _ = running([Contextual("initial_greeting", "Right on.\n"), Chunk("To ")], [Chunk("para")])
    scene.clock.advance(20)
    recovery.fold(scene.record(), scene.ports)
    _, reply = scene.messages()
    assert reply.parts == (Part("update", "Right on.\n", "initial_greeting"), Part("answer", "To para"))
    assert (reply.status, reply.created_at) == ("partial", "2026-11-21T08:00:20.000Z")
    assert scene.record().ending == INTERRUPTED
    assert "activeTurn" not in scene.meta


def test_a_turn_that_logged_nothing_is_folded_without_an_answer() -> None:
    scene, _ = running()
    recovery.fold(scene.record(), scene.ports)
    assert len(scene.messages()) == 1
    assert not scene.record().has_reply


def test_the_second_to_fold_changes_nothing() -> None:
    scene, _ = running([Chunk("a")])
    record = scene.record()
    recovery.fold(record, scene.ports)
    before = scene.stored.all()
    scene.clock.advance(1)
    recovery.fold(record, scene.ports)
    assert scene.stored.all() == before


def test_an_owner_who_comes_back_in_between_keeps_the_turn() -> None:
    scene, admitted = running([Chunk("a")])
    record = scene.record()
    scene.table.next("commit", preceded_by(lambda: scene.finish(admitted, "All of it.")))
    recovery.fold(record, scene.ports)
    assert scene.record().status == "completed"
    assert scene.messages()[-1].content == "All of it."


# Settle


@pytest.mark.parametrize(("passed_s", "settled"), [(0.0, False), (17.0, False), (17.001, True)])
def test_a_running_turn_is_settled_when_its_lease_ran_out_and_clocks_may_differ(
    passed_s: float, *, settled: bool
) -> None:
    scene, _ = running()
    scene.clock.advance(passed_s)
    assert recovery.settle(scene.record(), scene.clock.now_ms(), scene.ports) is settled
    assert scene.record().is_terminal is settled


@pytest.mark.parametrize(
    ("mode", "passed_s", "settled"),
    [
        ("attach", 60.0, False),
        ("attach", 60.001, True),
        ("queued", 60.001, False),
        ("queued", 6_000.0, False),
    ],
)
def test_a_waiting_turn_expires_unless_the_worker_will_come(
    mode: Mode, passed_s: float, *, settled: bool
) -> None:
    scene = Scene()
    enqueue(asked(), mode, scene.ports)
    scene.clock.advance(passed_s)
    assert recovery.settle(scene.record(), scene.clock.now_ms(), scene.ports) is settled
    assert scene.record().status == ("interrupted" if settled else "pending")


def test_an_expired_turn_says_why() -> None:
    scene = Scene()
    recovery.expire(enqueue(asked(), "attach", scene.ports), scene.ports)
    ending = scene.record().ending
    assert ending is not None
    assert ending.error_message == "nobody came to hear this answer in time; send the message again"
    assert [message.role for message in scene.messages()] == ["user"]


def test_a_finished_turn_is_left_alone() -> None:
    scene, admitted = running()
    scene.finish(admitted)
    scene.clock.advance(6_000.0)
    assert not recovery.settle(scene.record(), scene.clock.now_ms(), scene.ports)


# Cancel


def test_the_owner_of_a_running_turn_is_told() -> None:
    scene, _ = running()
    recovery.cancel(scene.record(), scene.ports)
    assert (scene.record().status, scene.record().cancel_requested) == ("processing", True)


def test_a_waiting_turn_is_over_at_once() -> None:
    scene = Scene()
    recovery.cancel(enqueue(asked(), "queued", scene.ports), scene.ports)
    assert scene.record().ending == Ending(
        status="cancelled", error_code="CANCELLED", error_message="the answer was stopped"
    )
    assert "activeTurn" not in scene.meta


def test_a_turn_that_is_over_stays_as_it_is() -> None:
    scene, admitted = running()
    scene.finish(admitted)
    before = scene.stored.all()
    recovery.cancel(scene.record(), scene.ports)
    assert scene.stored.all() == before


def test_a_turn_that_went_on_in_between_must_be_read_again() -> None:
    scene, admitted = running()
    record = scene.record()
    scene.finish(admitted)
    with pytest.raises(ConditionFailed):
        recovery.cancel(record, scene.ports)


def test_a_turn_that_nobody_knows_is_not_found() -> None:
    scene = Scene()
    assert recovery.find_turn(REF, TurnId("none"), scene.ports) is None


def test_a_replaced_lease_is_not_abandoned() -> None:
    scene, admitted = running()
    scene.stored.commit(
        transitions.log(
            admitted.lease,
            1,
            [],
            now_ms=START_MS,
            lease_until_ms=START_MS + 20_000,
            first_content=False,
            unless_cancelled=True,
        )
    )
    record = scene.record()
    assert not recovery.is_abandoned(record, START_MS + 22_000, scene.ports.limits)
    assert recovery.is_abandoned(record, START_MS + 22_001, scene.ports.limits)
    assert not recovery.is_abandoned(replace(record, status="pending"), START_MS + 99_000, scene.ports.limits)
