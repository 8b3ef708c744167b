from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import pytest

from libs.coach_conversation.admission import MAX_TRIES, Admitted, admit, claim, enqueue, idempotent_turn
from libs.coach_conversation.errors import (
    BudgetExceeded,
    ConversationBusy,
    ConversationNotFound,
    IdempotencyKeyReused,
    RateLimited,
    StoreUnavailable,
)
from libs.coach_conversation.store import ids, items
from libs.coach_conversation.store.table import Delete, Put
from libs.coach_conversation.types import (
    CoachId,
    CoachTurn,
    ConversationId,
    ConversationRef,
    Ending,
    Limits,
    Mode,
    TurnId,
    TurnRecord,
    UserId,
)
from libs.streaming.events import Chunk
from tests.fakes.clock import START_MS
from tests.fakes.executors import HeldExecutor
from tests.fakes.faults import lost, preceded_by, refused
from tests.fakes.model import FakeModel
from tests.fakes.ports import REF, asked, conversation_items
from tests.fakes.table import FakeTable
from tests.libs.coach_conversation.scenes import Scene

FIRST: Final = asked("First", key="k-0")
SECOND: Final = asked("Second", key="k-2")


def limited(turns_per_minute: int) -> Scene:
    return Scene(overrides={"limits": Limits(turns_per_minute=turns_per_minute)})


def test_a_turn_that_was_admitted_is_durable_and_ours() -> None:
    scene = Scene()
    admitted = scene.admit()
    assert (admitted.lease.attempt, admitted.created_at) == (1, "2026-11-21T08:00:00.000Z")
    record = scene.record()
    assert (record.status, record.attempt, record.mode) == ("processing", 1, "live")
    assert (record.user_message_id, record.assistant_message_id) == (
        admitted.ids.user,
        admitted.ids.assistant,
    )
    assert [message.content for message in scene.messages()] == ["How do I squat deeper?"]


def test_the_ids_are_in_order() -> None:
    admitted = Scene().admit()
    assert admitted.ids.user == ids.next_ulid(now_ms=START_MS, random_80=0)
    assert admitted.ids.assistant == ids.next_ulid(now_ms=START_MS, random_80=1)


def test_the_reads_run_beside_t1() -> None:
    executor = HeldExecutor()
    scene = Scene(overrides={"executor": executor})
    with pytest.raises(StoreUnavailable):  # nobody runs anything, so T1 is not in time
        admit(asked(), replace(scene.ports, limits=Limits(store_timeout_s=0.0)))
    executor.run()
    assert scene.table.done[:2] == ["read", "query"]


def test_the_background_is_there_with_the_turn() -> None:
    background = Scene().admit().background.result()
    assert background.coach is not None
    assert background.coach.name == "Atlas"


def test_no_model_is_called() -> None:
    scene = Scene()
    scene.admit()
    model = scene.ports.model
    assert isinstance(model, FakeModel)
    assert model.calls == []


# A refused T1, decided in this order


def test_a_duplicate_is_answered_with_the_turn_that_exists() -> None:
    scene = Scene()
    scene.admit()
    assert admit(asked(), scene.ports) == scene.record()
    assert len(scene.messages()) == 1


def test_a_duplicate_of_a_finished_turn_is_found_too() -> None:
    scene = Scene()
    scene.finish(scene.admit())
    found = admit(asked(), scene.ports)
    assert isinstance(found, TurnRecord)
    assert found.status == "completed"


def test_the_same_key_for_another_message_is_refused() -> None:
    scene = Scene()
    scene.admit()
    with pytest.raises(IdempotencyKeyReused):
        admit(asked("Something else"), scene.ports)


def test_the_same_key_in_another_conversation_is_another_turn() -> None:
    other = ConversationRef(REF.user_id, REF.coach_id, ConversationId("c-2"))
    stored = FakeTable([*conversation_items(), *conversation_items(other)])
    scene = Scene(stored=stored)
    scene.admit()
    assert isinstance(admit(asked(ref=other), scene.ports), Admitted)


@pytest.mark.parametrize(
    "ref",
    [
        replace(REF, conversation_id=ConversationId("c-9")),
        replace(REF, coach_id=CoachId("nova")),
        replace(REF, user_id=UserId("bob")),
    ],
)
def test_a_conversation_that_is_not_there_or_not_with_this_coach_is_not_found(ref: ConversationRef) -> None:
    with pytest.raises(ConversationNotFound):
        admit(asked(ref=ref), Scene().ports)


def test_one_turn_too_many_within_a_minute_is_limited() -> None:
    scene = limited(1)
    scene.clock.advance(12.5)
    scene.finish(scene.admit())
    with pytest.raises(RateLimited) as caught:
        admit(SECOND, scene.ports)
    assert caught.value.retry_after_s == 47


def test_the_limit_is_a_new_one_in_the_next_minute() -> None:
    scene = limited(1)
    scene.finish(scene.admit())
    scene.clock.advance(60.0)
    assert isinstance(admit(SECOND, scene.ports), Admitted)


def test_who_has_spent_the_day_s_budget_begins_nothing_more_but_has_what_there_is() -> None:
    scene = Scene(overrides={"limits": Limits(daily_budget_cents=1)})
    scene.finish(scene.admit())
    scene.change(items.spent_key(REF.user_id, START_MS // 86_400_000), microUsd=10_000)
    with pytest.raises(BudgetExceeded):
        admit(SECOND, scene.ports)
    with pytest.raises(BudgetExceeded):
        enqueue(SECOND, "queued", scene.ports)
    assert admit(asked(), scene.ports) == scene.record()
    scene.clock.advance(86_400.0)
    assert isinstance(admit(SECOND, scene.ports), Admitted)


def test_a_refused_turn_is_not_counted() -> None:
    scene = limited(2)
    first = scene.admit()
    for _ in range(5):
        with pytest.raises(ConversationBusy):
            admit(SECOND, scene.ports)
    scene.finish(first)
    assert isinstance(admit(SECOND, scene.ports), Admitted)


def test_a_second_message_while_a_turn_runs_is_told_which() -> None:
    scene = Scene()
    scene.admit(FIRST)
    with pytest.raises(ConversationBusy) as caught:
        admit(SECOND, scene.ports)
    assert caught.value.turn_id == FIRST.turn_id
    assert [message.content for message in scene.messages()] == ["First"]


@pytest.mark.parametrize(
    ("passed_s", "busy"), [(0.0, True), (15.0, True), (17.0, True), (17.001, False), (600.0, False)]
)
def test_a_turn_whose_lease_ran_out_is_folded_to_make_way(passed_s: float, *, busy: bool) -> None:
    scene = Scene()
    scene.admit(FIRST)
    scene.clock.advance(passed_s)
    try:
        admit(SECOND, scene.ports)
    except ConversationBusy:
        assert busy
    else:
        assert not busy
        assert scene.record(FIRST).status == "interrupted"


def test_a_turn_whose_record_expired_makes_way() -> None:
    scene = Scene()
    scene.change_meta(activeTurn="long-gone")
    scene.admit(SECOND)
    assert scene.meta["activeTurn"] == SECOND.turn_id


def test_a_turn_whose_record_shows_later_than_its_conversation_keeps_it() -> None:
    scene = Scene()
    scene.admit(FIRST)
    key = items.turn_key(REF, FIRST.turn_id)
    record = scene.stored.read([key])[key]
    scene.remove(key)
    shown = preceded_by(lambda: scene.stored.commit([Put(key, record)]))
    scene.table.next("commit", preceded_by(lambda: None), shown)
    with pytest.raises(ConversationBusy):
        admit(SECOND, scene.ports)
    assert scene.meta["activeTurn"] == FIRST.turn_id


def test_what_the_dead_turn_said_is_in_the_history_of_the_next() -> None:
    scene = Scene()
    scene.keep(scene.admit(FIRST), [Chunk("So far")])
    scene.clock.advance(20.0)
    admitted = scene.admit(SECOND)
    assert [message.content for message in scene.messages()] == ["First", "So far", "Second"]
    history = admitted.background.result().history
    assert [message.content for message in history][:2] == ["First", "So far"]


def test_the_order_of_decisions_is_duplicate_missing_limited_busy() -> None:
    scene = limited(1)
    scene.admit(FIRST)
    missing = asked(ref=replace(REF, conversation_id=ConversationId("c-9")))
    with pytest.raises(ConversationNotFound):
        admit(missing, scene.ports)  # missing and limited: missing
    with pytest.raises(RateLimited):
        admit(SECOND, scene.ports)  # limited and busy: limited
    assert admit(FIRST, scene.ports) == scene.record(FIRST)  # a duplicate, limited and busy: a duplicate


# Ids behind META.lastId


def test_ids_that_are_behind_the_conversation_are_drawn_anew() -> None:
    ahead = ids.next_ulid(now_ms=START_MS + 3_600_000, random_80=7)
    scene = Scene(stored=FakeTable(conversation_items(lastId=ahead)))
    admitted = scene.admit()
    assert ahead < admitted.ids.user < admitted.ids.assistant
    assert scene.meta["lastId"] == admitted.ids.assistant


def test_a_conversation_that_others_keep_writing_to_is_given_up() -> None:
    scene = Scene()

    def elsewhere() -> None:
        scene.change_meta(lastId=scene.ports.ulid(scene.meta["lastId"]))

    scene.table.next("commit", *[preceded_by(elsewhere)] * MAX_TRIES)
    with pytest.raises(StoreUnavailable, match="others are writing to this conversation"):
        admit(asked(), scene.ports)


# Unknown outcomes


def test_a_t1_whose_answer_was_lost_is_ours() -> None:
    scene = Scene()
    scene.table.next("commit", lost)
    admitted = scene.admit()
    assert scene.record().user_message_id == admitted.ids.user
    assert len(scene.messages()) == 1


def test_a_t1_whose_answer_was_lost_twice_over_is_still_ours() -> None:
    scene = Scene()

    def repeated(operation: Callable[[], Any]) -> Any:
        operation()
        scene.stored.forget_tokens()
        return operation()

    scene.table.next("commit", repeated)
    admitted = scene.admit()
    assert scene.record().user_message_id == admitted.ids.user


def test_a_t1_that_did_not_happen_is_an_unavailable_store() -> None:
    scene = Scene()
    scene.table.next("commit", refused)
    with pytest.raises(StoreUnavailable):
        admit(asked(), scene.ports)
    assert scene.messages() == []


def test_a_t1_that_nobody_can_tell_about_is_an_unavailable_store() -> None:
    scene = Scene()
    scene.table.away = True
    with pytest.raises(StoreUnavailable):
        admit(asked(), scene.ports)


def test_the_same_key_after_an_unavailable_store_begins_the_turn() -> None:
    scene = Scene()
    scene.table.next("commit", refused)
    with pytest.raises(StoreUnavailable):
        admit(asked(), scene.ports)
    assert isinstance(admit(asked(), scene.ports), Admitted)


def test_a_store_that_takes_too_long_is_unavailable_and_what_did_not_begin_never_does() -> None:
    executor = HeldExecutor()
    scene = Scene(overrides={"executor": executor, "limits": Limits(store_timeout_s=0.0)})
    with pytest.raises(StoreUnavailable, match="could not be stored in time"):
        admit(asked(), scene.ports)
    executor.run()
    assert scene.messages() == []


def test_reads_that_fail_do_not_fail_the_admission() -> None:
    scene = Scene()
    scene.table.next("query", refused)
    with pytest.raises(StoreUnavailable):
        scene.admit().background.result()


# Waiting turns


@pytest.mark.parametrize("mode", ["attach", "queued"])
def test_a_turn_may_wait_for_somebody(mode: Mode) -> None:
    scene = Scene()
    record = enqueue(asked(), mode, scene.ports)
    assert (record.status, record.mode, record.due_at_ms) == ("pending", mode, START_MS + 60_000)
    assert record == scene.record()


def test_a_waiting_turn_is_stored_once() -> None:
    scene = Scene()
    enqueue(asked(), "attach", scene.ports)
    assert enqueue(asked(), "queued", scene.ports).mode == "attach"
    assert len(scene.messages()) == 1


def test_a_waiting_turn_keeps_the_conversation_busy_until_its_time_is_over() -> None:
    scene = Scene()
    enqueue(FIRST, "attach", scene.ports)
    with pytest.raises(ConversationBusy):
        admit(SECOND, scene.ports)
    scene.clock.advance(60.001)
    scene.admit(SECOND)
    assert scene.record(FIRST).status == "interrupted"


def test_a_queued_turn_keeps_the_conversation_busy_until_the_worker_came() -> None:
    scene = Scene()
    enqueue(FIRST, "queued", scene.ports)
    scene.clock.advance(600.0)
    with pytest.raises(ConversationBusy):
        admit(SECOND, scene.ports)


# Claims


def test_whoever_claims_a_waiting_turn_runs_it_as_it_was_asked_for() -> None:
    scene = Scene()
    turn = replace(asked(), client_timestamp="2026-11-21T09:00")
    record = enqueue(turn, "attach", scene.ports)
    scene.clock.advance(5.0)
    claimed = claim(record, scene.ports)
    assert claimed is not None
    assert claimed.turn == replace(turn, mode="attach")
    assert (claimed.lease.attempt, claimed.created_at) == (1, "2026-11-21T08:00:00.000Z")
    assert (claimed.ids.user, claimed.ids.assistant) == (record.user_message_id, record.assistant_message_id)
    assert scene.record().status == "processing"


def test_a_waiting_turn_is_claimed_once() -> None:
    scene = Scene()
    record = enqueue(asked(), "attach", scene.ports)
    assert claim(record, scene.ports) is not None
    assert claim(record, scene.ports) is None


def test_a_turn_whose_owner_died_before_it_logged_anything_is_claimed() -> None:
    scene = Scene()
    scene.admit()
    scene.clock.advance(17.001)
    claimed = claim(scene.record(), scene.ports)
    assert claimed is not None
    assert claimed.lease.attempt == 2


def test_a_turn_that_somebody_runs_is_not_claimed() -> None:
    scene = Scene()
    scene.admit()
    assert claim(scene.record(), scene.ports) is None


def test_a_turn_whose_message_was_deleted_is_not_claimed() -> None:
    scene = Scene()
    record = enqueue(asked(), "attach", scene.ports)
    scene.stored.commit([Delete(items.message_key(REF, record.user_message_id))])
    assert claim(record, scene.ports) is None


# Identity


def same(**changes: Any) -> CoachTurn:
    known: dict[str, Any] = {"key": "k", "text": "Hi", "client_timestamp": None, "client_message_id": None}
    return idempotent_turn(REF, **known | changes)


def test_a_turn_is_named_by_its_key_and_told_apart_by_its_text() -> None:
    assert same().turn_id == same(text="Bye").turn_id == TurnId(ids.turn_id("alice", "c-1", "k"))
    assert same().body_hash != same(text="Bye").body_hash
    assert same().turn_id != same(key="l").turn_id


def test_a_time_of_display_does_not_make_another_message() -> None:
    assert same().body_hash == same(client_timestamp="2026-11-21T09:00", client_message_id="m").body_hash


def test_a_finished_turn_is_not_claimed() -> None:
    scene = Scene()
    scene.finish(scene.admit())
    scene.clock.advance(600.0)
    assert scene.record().ending == Ending(status="completed", stop_reason="end_turn")
    assert claim(scene.record(), scene.ports) is None
