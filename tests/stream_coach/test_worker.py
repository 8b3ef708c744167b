"""The worker's delivery: which message does what, and what becomes of one that fails for good."""

import json
import time
from typing import Any

import pytest

from libs.coach_conversation.errors import ModelThrottled
from libs.lambda_runtime import Context
from local import project
from local.template import load_template
from stream_coach.deliveries import worker
from tests.libs.coach_conversation.follow_up_scenes import SQUATS, FollowedUp
from tests.libs.coach_conversation.test_follow_ups import LOGGING


def deliver(scene: FollowedUp, task: str, *, count: int = 1) -> list[Any]:
    """Deliver the one task for the `count`-th time; return what is to be sent again."""
    [(ref, turn_id, _)] = scene.queue.tasks
    body = {"task": task, "userId": ref.user_id, "coachId": ref.coach_id}
    ids = {"conversationId": ref.conversation_id, "turnId": turn_id}
    message = {
        "messageId": "m-1",
        "body": json.dumps(body | ids),
        "attributes": {"ApproximateReceiveCount": str(count)},
    }
    failed: list[Any] = worker.work([message], Context("r-1", time.monotonic() + 300), scene.ports)[
        "batchItemFailures"
    ]
    return failed


def test_a_task_s_message_does_the_task() -> None:
    scene = FollowedUp(LOGGING, save_workout=[SQUATS])
    scene.say()
    assert deliver(scene, "workout") == []
    assert len(scene.kept("WKT#")) == 1


@pytest.mark.parametrize(("count", "reason"), [(4, None), (5, "MODEL_THROTTLED")])
def test_the_last_delivery_of_a_failing_task_marks_it_as_failed(count: int, reason: str | None) -> None:
    scene = FollowedUp(LOGGING, save_workout=[ModelThrottled("not now")])
    turn_id = scene.say()
    assert deliver(scene, "workout", count=count) == [{"itemIdentifier": "m-1"}]
    assert scene.turn(turn_id).get("failed_workout") == reason


def test_a_task_that_nobody_knows_goes_to_the_dead_letters() -> None:
    scene = FollowedUp(LOGGING, save_workout=[SQUATS])
    scene.say()
    assert deliver(scene, "dance") == [{"itemIdentifier": "m-1"}]


IDS = {"userId": "alice", "coachId": "atlas", "conversationId": "c-1", "turnId": "t-1"}


@pytest.mark.parametrize(
    "body",
    [
        "",
        "no json",
        "[1]",
        '"turn"',
        "{}",
        "[" * 100_000,
        json.dumps({**IDS, "task": "dance"}),
        json.dumps({**IDS, "task": None}),
        json.dumps({**IDS, "task": ["workout"]}),
        json.dumps({**IDS, "turnId": 7}),
        json.dumps({**IDS, "turnId": "t#1"}),
        json.dumps({**IDS, "userId": "alice#C#c-1"}),
        json.dumps({name: value for name, value in IDS.items() if name != "coachId"}),
        json.dumps(IDS),
        json.dumps({**IDS, "task": "workout"}),
    ],
)
def test_a_message_that_is_none_of_ours_goes_to_the_dead_letters_and_holds_nothing_up(body: str) -> None:
    scene = FollowedUp(LOGGING, save_workout=[SQUATS])
    turn_id = scene.say()
    good = json.dumps({**IDS, "turnId": turn_id, "task": "workout"})
    batch = [{"messageId": name, "body": text} for name, text in (("bad", body), ("good", good))]
    answer = worker.work(batch, Context("r-1", time.monotonic() + 300), scene.ports)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "bad"}]}
    assert "done_workout" in scene.turn(turn_id)
    assert len(scene.kept("TURN#")) == 1


def test_the_last_delivery_is_the_queue_s() -> None:
    [queue] = [one for one in load_template(project.TEMPLATE).queues() if one.logical_id == "TurnQueue"]
    assert queue.max_receive_count == worker.MAX_DELIVERIES
