from collections.abc import Callable
from typing import Any, Final

import pytest

from libs.coach_conversation.admission import claim, enqueue
from libs.coach_conversation.errors import StoreUnavailable
from libs.coach_conversation.store.table import Key, Put
from libs.coach_conversation.sweeping import AWAY, BATCH, MAX_ATTEMPTS, SWEEP_S, conversation_of, sweep
from libs.coach_conversation.types import CoachId, ConversationId, ConversationRef, TurnId, UserId
from libs.streaming.events import Chunk
from tests.fakes.faults import preceded_by, refused
from tests.fakes.ports import REF, FakeJournal, FakeQueue, asked, conversation_items
from tests.fakes.table import FakeTable
from tests.libs.coach_conversation.scenes import Scene

DUE_S: Final = 60.001


def broken(_: Callable[[], Any]) -> Any:
    raise ValueError("refused")


def repeated(operation: Callable[[], Any]) -> Any:
    """Do it twice: the SDK's own second try, whose first did happen."""
    operation()
    return operation()


def sent(scene: Scene) -> list[str]:
    queue = scene.ports.queue
    assert isinstance(queue, FakeQueue)
    return [turn_id for _, turn_id in queue.sent]


def test_nothing_is_due_where_nothing_runs() -> None:
    scene = Scene()
    scene.finish(scene.admit(), "Done.")
    scene.clock.advance(6_000)
    assert sweep(scene.ports) == 0


def test_a_turn_that_is_alive_is_left_alone() -> None:
    scene = Scene()
    scene.admit()
    assert sweep(scene.ports) == 0
    scene.clock.advance(16)  # due, but clocks may differ
    assert sweep(scene.ports) == 1
    assert scene.record().status == "processing"


def test_an_abandoned_turn_is_folded_with_what_it_said() -> None:
    scene = Scene()
    scene.keep(scene.admit(), [Chunk("So far")])
    scene.clock.advance(17.001)
    assert sweep(scene.ports) == 1
    assert (scene.record().status, scene.messages()[-1].content) == ("interrupted", "So far")
    assert sweep(scene.ports) == 0


def test_a_turn_that_nobody_came_to_hear_expires() -> None:
    scene = Scene()
    enqueue(asked(), "attach", scene.ports)
    scene.clock.advance(60)
    sweep(scene.ports)
    assert scene.record().status == "pending"
    scene.clock.advance(0.001)
    sweep(scene.ports)
    assert scene.record().status == "interrupted"
    assert sent(scene) == []


def test_a_queued_turn_that_no_worker_took_is_sent_again_and_put_off() -> None:
    scene = Scene()
    enqueue(asked(), "queued", scene.ports)
    scene.clock.advance(DUE_S)
    sweep(scene.ports)
    assert sent(scene) == [asked().turn_id]
    assert scene.record().due_at_ms == scene.clock.now_ms() + 60_000
    sweep(scene.ports)
    assert sent(scene) == [asked().turn_id]


def test_a_requeue_that_arrives_twice_is_sent_once() -> None:
    scene = Scene()
    enqueue(asked(), "queued", scene.ports)
    scene.clock.advance(DUE_S)
    scene.table.next("commit", repeated)
    sweep(scene.ports)
    assert sent(scene) == [asked().turn_id]


def test_a_queued_turn_whose_worker_died_before_it_said_anything_is_sent_again() -> None:
    scene = Scene()
    assert claim(enqueue(asked(), "queued", scene.ports), scene.ports) is not None
    scene.clock.advance(17.001)
    sweep(scene.ports)
    assert sent(scene) == [asked().turn_id]


def test_a_queued_turn_that_kills_its_workers_is_given_up() -> None:
    scene = Scene()
    enqueue(asked(), "queued", scene.ports)
    for _ in range(MAX_ATTEMPTS):
        assert claim(scene.record(), scene.ports) is not None
        scene.clock.advance(17.001)
        sweep(scene.ports)
    assert scene.record().status == "interrupted"
    assert len(sent(scene)) == MAX_ATTEMPTS - 1


def test_a_queued_turn_that_said_something_is_folded_not_said_twice() -> None:
    scene = Scene()
    admitted = claim(enqueue(asked(), "queued", scene.ports), scene.ports)
    assert admitted is not None
    scene.keep(admitted, [Chunk("So far")])
    scene.clock.advance(17.001)
    sweep(scene.ports)
    assert (scene.record().status, sent(scene)) == ("interrupted", [])


def test_a_worker_that_comes_in_between_keeps_the_turn() -> None:
    scene = Scene()
    record = enqueue(asked(), "queued", scene.ports)
    scene.clock.advance(DUE_S)
    scene.table.next("commit", preceded_by(lambda: claim(record, Scene(stored=scene.stored).ports)))
    sweep(scene.ports)
    assert (scene.record().status, sent(scene)) == ("processing", [])


def others(count: int) -> tuple[Scene, list[ConversationRef]]:
    """Return several people's conversations, each with a turn that was abandoned."""
    refs = [
        ConversationRef(UserId(f"user-{number}"), CoachId("atlas"), ConversationId(f"c-{number}"))
        for number in range(count)
    ]
    scene = Scene(stored=FakeTable([item for ref in refs for item in conversation_items(ref)]))
    for ref in refs:
        scene.admit(asked(ref=ref))
    scene.clock.advance(17.001)
    return scene, refs


def test_one_turn_that_cannot_be_settled_does_not_keep_the_others_waiting() -> None:
    scene, _ = others(3)
    scene.table.next("commit", refused)
    assert sweep(scene.ports) == 3
    assert sweep(scene.ports) == 1
    assert sweep(scene.ports) == 0


def test_a_fault_of_ours_with_one_turn_does_not_keep_the_others_waiting() -> None:
    scene, _ = others(3)
    scene.table.next("commit", broken)
    assert sweep(scene.ports) == 3
    assert sweep(scene.ports) == 1
    journal = scene.ports.journal
    assert isinstance(journal, FakeJournal)
    assert journal.unforeseen == [("sweep item", "ValueError('refused')")]


class AwayQueue(FakeQueue):
    """Takes nothing, and counts who came."""

    def __init__(self) -> None:
        super().__init__()
        self.refused = 0

    def send_turn(self, ref: ConversationRef, turn_id: TurnId, /) -> None:
        self.refused += 1
        raise StoreUnavailable("the queue is away")


def test_a_queue_that_is_away_keeps_no_dead_turn_waiting_and_is_soon_left_alone() -> None:
    queue = AwayQueue()
    scene = Scene(overrides={"queue": queue})
    for number in range(2 * AWAY):
        conversation_id = f"queued-{number}"
        ref = ConversationRef(UserId("alice"), CoachId("atlas"), ConversationId(conversation_id))
        for item in conversation_items(ref):
            scene.stored.commit([Put(Key(item["pk"], item["sk"]), item)])
        enqueue(asked(ref=ref), "queued", scene.ports)
    scene.clock.advance(DUE_S)
    scene.keep(scene.admit(), [Chunk("So far")])
    scene.clock.advance(DUE_S)
    assert sweep(scene.ports) == 2 * AWAY + 1
    assert scene.record().status == "interrupted"
    assert queue.refused == AWAY


def test_a_sweep_takes_what_is_longest_due_and_the_next_one_the_rest() -> None:
    scene, _ = others(BATCH + 2)
    assert [sweep(scene.ports) for _ in range(3)] == [BATCH, 2, 0]


def test_a_sweep_ends_in_time_and_the_next_one_goes_on() -> None:
    scene, _ = others(3)
    scene.table.next("commit", preceded_by(lambda: scene.clock.advance(SWEEP_S)))
    assert [sweep(scene.ports) for _ in range(3)] == [3, 2, 0]


def test_a_store_that_is_away_is_said_so() -> None:
    scene, _ = others(1)
    scene.table.away = True
    with pytest.raises(StoreUnavailable):
        sweep(scene.ports)


def test_an_item_names_its_conversation() -> None:
    assert conversation_of({"pk": "U#alice#C#c-1", "coachId": "atlas"}) == REF
