"""Follow-ups: planned with the turn, sent behind its end, and each done once."""

from dataclasses import replace
from random import Random
from typing import Any

import pytest

from libs.coach_conversation import conversations, sweeping
from libs.coach_conversation.errors import ModelThrottled, StoreUnavailable, TurnNotFound
from libs.coach_conversation.kept import follow_ups, workouts
from libs.coach_conversation.router import Analysis
from libs.coach_conversation.store import items
from libs.coach_conversation.types import ConversationRef, Replaced, Task, TurnId
from tests.fakes.faults import Fault, Operation, lost, preceded_by, refused
from tests.fakes.model import ROUTER_USAGE, routing
from tests.fakes.ports import ALICE, REF, FakeQueue, asked
from tests.libs.coach_conversation.follow_up_scenes import LOGGED, SQUATS, FollowedUp

LOGGING = routing(userIntent="workout_logging", workoutDetection={"isWorkoutLog": True, "confidence": 0.9})


def logging_scene(*extracted: object) -> FollowedUp:
    return FollowedUp(LOGGING, save_workout=list(extracted or (SQUATS,)))


@pytest.mark.parametrize(
    ("analysis", "tasks"),
    [
        ({}, ()),
        ({"workoutDetection": {"isWorkoutLog": True}}, ("workout",)),
        ({"conversationComplexity": {"needsSummary": True}}, ("summary",)),
        ({"memoryProcessing": {"isMemoryRequest": True}}, ("memory",)),
    ],
)
def test_what_the_router_found_is_planned(analysis: dict[str, Any], tasks: tuple[str, ...]) -> None:
    assert follow_ups.planned(Analysis.model_validate(analysis), ()) == tasks


def test_a_completed_turn_s_tasks_are_sent_behind_its_end_and_their_mark_is_cleared() -> None:
    scene = logging_scene()
    turn_id = scene.say()
    assert scene.queue.tasks == [(REF, turn_id, "workout")]
    assert not {"followUps", "dueAt", "gsi1pk", "gsi1sk"} & scene.turn(turn_id).keys()


def test_a_turn_without_tasks_is_not_due() -> None:
    scene = FollowedUp(routing(userIntent="question"))
    turn_id = scene.say("How deep should I squat?")
    assert scene.queue.tasks == []
    assert not {"followUps", "dueAt", "gsi1pk"} & scene.turn(turn_id).keys()


class BrokenQueue(FakeQueue):
    """Takes nothing until it is mended."""

    broken = True

    def send_task(self, ref: ConversationRef, turn_id: TurnId, task: Task, /) -> None:
        if self.broken:
            raise StoreUnavailable("the queue is away")
        super().send_task(ref, turn_id, task)


def test_tasks_that_could_not_be_sent_are_sent_by_the_sweeper_a_minute_later() -> None:
    scene, queue = logging_scene(), BrokenQueue()
    scene.overrides |= {"queue": queue}
    scene.__post_init__()
    turn_id = scene.say()
    assert scene.record(asked(LOGGED)).follow_ups == ("workout",)
    queue.broken = False
    sweeping.sweep(scene.ports)
    assert queue.tasks == []
    scene.clock.advance(60)
    sweeping.sweep(scene.ports)
    assert queue.tasks == [(REF, turn_id, "workout")]
    assert scene.record(asked(LOGGED)).follow_ups == ()
    assert sweeping.sweep(scene.ports) == 0


def test_tasks_whose_mark_could_not_be_cleared_are_sent_once_more() -> None:
    scene = logging_scene()
    turn_id = scene.say()
    scene.change_turn(followUps=["workout"], **items.due_at(REF, turn_id, scene.clock.now_ms()))
    scene.table.next("commit", refused)
    with pytest.raises(StoreUnavailable):
        follow_ups.send(REF, turn_id, ("workout",), scene.ports)
    scene.clock.advance(61)
    sweeping.sweep(scene.ports)
    assert scene.queue.tasks == [(REF, turn_id, "workout")] * 3


def test_who_clears_second_changes_nothing() -> None:
    scene = logging_scene()
    turn_id = scene.say()
    before = scene.stored.all()
    follow_ups.send(REF, turn_id, ("workout",), scene.ports)
    assert scene.stored.all() == before


def test_a_task_is_done_once_however_often_it_is_delivered() -> None:
    scene = logging_scene()
    turn_id = scene.say()
    for _ in range(5):
        scene.do("workout", turn_id)
    assert len(scene.kept("WKT#")) == 1
    assert len(scene.model.using("save_workout")) == 1
    assert "done_workout" in scene.turn(turn_id)


def test_what_the_models_of_a_task_used_is_kept_with_its_mark() -> None:
    scene = logging_scene()
    turn_id = scene.say()
    scene.do("workout", turn_id)
    assert scene.turn(turn_id)["usage_workout"] == ROUTER_USAGE.to_json()
    assert scene.turn(turn_id)["usage"]["modelCalls"] == 2


def test_tasks_of_many_turns_in_any_order_five_times_each_are_done_once_each() -> None:
    scene = logging_scene()
    turns = [scene.say(f"{LOGGED} {number}", key=f"k-{number}") for number in range(4)]
    deliveries = turns * 5
    Random(7).shuffle(deliveries)
    for turn_id in deliveries:
        scene.do("workout", turn_id)
    assert sorted(item["turnId"] for item in scene.kept("WKT#")) == sorted(turns)


@pytest.mark.parametrize("fault", [refused, lost])
@pytest.mark.parametrize(("operation", "number"), [("read", 1), ("read", 2), ("commit", 1)])
def test_a_task_that_dies_before_or_after_an_operation_is_done_once(
    operation: Operation, number: int, fault: Fault
) -> None:
    scene = logging_scene()
    turn_id = scene.say()
    scene.table.at(operation, scene.table.done.count(operation) + number, fault)
    with pytest.raises(StoreUnavailable):
        scene.do("workout", turn_id)
    scene.do("workout", turn_id)
    scene.do("workout", turn_id)
    assert len(scene.kept("WKT#")) == 1
    assert "done_workout" in scene.turn(turn_id)


def test_two_workers_at_once_write_one_effect() -> None:
    scene = logging_scene()
    turn_id = scene.say()
    scene.table.next("commit", preceded_by(lambda: scene.do("workout", turn_id)))
    scene.do("workout", turn_id)
    assert len(scene.kept("WKT#")) == 1


def test_a_model_that_is_away_leaves_the_task_to_be_delivered_again() -> None:
    scene = logging_scene(ModelThrottled("not now"), SQUATS)
    turn_id = scene.say()
    with pytest.raises(ModelThrottled):
        scene.do("workout", turn_id)
    assert not {"done_workout", "failed_workout"} & scene.turn(turn_id).keys()
    scene.do("workout", turn_id)
    assert len(scene.kept("WKT#")) == 1


def test_a_malformed_extraction_is_asked_for_once_more() -> None:
    scene = logging_scene({"discipline": "chess"}, SQUATS)
    scene.do("workout", scene.say())
    assert len(scene.kept("WKT#")) == 1


def test_a_second_malformed_extraction_fails_the_task_with_its_reason() -> None:
    scene = logging_scene(None, {"discipline": "strength"})
    turn_id = scene.say()
    scene.do("workout", turn_id)
    assert scene.turn(turn_id)["failed_workout"] == "EXTRACTION_MALFORMED"
    assert "done_workout" not in scene.turn(turn_id)
    assert scene.kept("WKT#") == []
    [told] = scene.journal.given_up
    used = scene.turn(turn_id)["usage_workout"]
    assert used["modelCalls"] == 2
    assert told == {"turnId": turn_id, "task": "workout", "reason": "EXTRACTION_MALFORMED", **used}


def test_a_failed_task_that_is_redriven_can_still_be_done() -> None:
    scene = logging_scene(None, None, SQUATS)
    turn_id = scene.say()
    scene.do("workout", turn_id)
    scene.do("workout", turn_id)
    assert "failed_workout" not in scene.turn(turn_id)
    assert len(scene.kept("WKT#")) == 1


def test_a_task_that_was_done_is_never_marked_as_failed() -> None:
    scene = logging_scene()
    turn_id = scene.say()
    scene.do("workout", turn_id)
    follow_ups.fail("workout", REF, turn_id, "PROCESSING_ERROR", scene.ports)
    assert "failed_workout" not in scene.turn(turn_id)
    assert scene.journal.given_up == []


def test_an_answer_that_is_written_anew_does_nothing_twice() -> None:
    scene = logging_scene()
    scene.do("workout", scene.say())
    [said, answer] = scene.messages()
    again = asked(LOGGED, key="again")
    replaced = Replaced(said, answer.message_id, scene.meta["lastId"])
    turn_id = scene.run(replace(again, replaces=replaced))
    [item] = scene.kept("WKT#")
    workouts.delete(ALICE, item["workoutId"], scene.ports)
    scene.do("workout", turn_id)
    assert scene.kept("WKT#") == []
    assert "done_workout" in scene.turn(turn_id)


def test_a_turn_that_is_gone_with_its_conversation_leaves_nothing_to_do() -> None:
    scene = logging_scene()
    turn_id = scene.say()
    conversations.delete(REF, scene.ports)
    scene.do("workout", turn_id)
    assert scene.kept("WKT#") == []
    assert scene.kept("TURN#") == []


def test_a_turn_that_never_was_in_a_conversation_is_a_fault_of_whoever_sent_it() -> None:
    scene = logging_scene()
    with pytest.raises(TurnNotFound):
        scene.do("workout", TurnId("no-such-turn"))
    assert scene.kept("TURN#") == []
