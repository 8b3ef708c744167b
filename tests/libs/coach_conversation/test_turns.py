from typing import Final

import pytest

from libs.coach_conversation import recovery, turns
from libs.coach_conversation.admission import enqueue
from libs.coach_conversation.endings import message_json
from libs.coach_conversation.errors import ConversationNotFound, TurnNotFound
from libs.coach_conversation.store import items
from libs.coach_conversation.types import CoachId, ConversationRef, TurnId
from libs.streaming.events import Chunk, Contextual, Progress
from tests.fakes.faults import preceded_by
from tests.fakes.ports import REF, asked
from tests.libs.coach_conversation.scenes import Scene

TURN: Final = asked().turn_id
OTHER_COACH: Final = ConversationRef(REF.user_id, CoachId("nova"), REF.conversation_id)


# Find


def test_the_active_turn_is_the_one_that_runs_or_waits() -> None:
    scene = Scene()
    assert turns.active(REF, scene.ports) is None
    admitted = scene.admit()
    assert turns.active(REF, scene.ports) == scene.record()
    scene.finish(admitted)
    assert turns.active(REF, scene.ports) is None


def test_a_turn_is_found_as_it_stands() -> None:
    scene = Scene()
    scene.admit()
    assert turns.find(REF, TURN, scene.ports) == scene.record()


def test_a_turn_that_nobody_runs_any_more_is_settled_when_it_is_found() -> None:
    scene = Scene()
    scene.admit()
    scene.clock.advance(17.001)
    assert turns.find(REF, TURN, scene.ports).status == "interrupted"


def test_a_turn_that_is_not_there_is_not_found() -> None:
    with pytest.raises(TurnNotFound, match="'none'"):
        turns.find(REF, TurnId("none"), Scene().ports)


def test_a_turn_of_another_coachs_conversation_is_not_found() -> None:
    scene = Scene()
    scene.admit()
    with pytest.raises(ConversationNotFound):
        turns.find(OTHER_COACH, TURN, scene.ports)
    with pytest.raises(ConversationNotFound):
        turns.active(OTHER_COACH, scene.ports)


# Cancel


def test_the_owner_of_a_running_turn_still_has_to_hear_of_a_cancel() -> None:
    scene = Scene()
    scene.admit()
    record = turns.cancel(REF, TURN, scene.ports)
    assert (record.status, record.cancel_requested) == ("processing", True)


def test_a_waiting_turn_is_cancelled_at_once() -> None:
    scene = Scene()
    enqueue(asked(), "attach", scene.ports)
    assert turns.cancel(REF, TURN, scene.ports).status == "cancelled"


def test_a_finished_turn_stays_as_it_is() -> None:
    scene = Scene()
    scene.finish(scene.admit())
    assert turns.cancel(REF, TURN, scene.ports).status == "completed"


@pytest.mark.parametrize("status", ["streaming", "completed"])
def test_a_turn_that_went_on_while_it_was_cancelled_is_looked_at_again(status: str) -> None:
    scene = Scene()
    scene.admit()
    scene.table.next("commit", preceded_by(lambda: scene.change_turn(status=status)))
    record = turns.cancel(REF, TURN, scene.ports)
    assert (record.status, record.cancel_requested) == (status, status == "streaming")


# Poll


def test_a_turn_that_just_began_was_received() -> None:
    scene = Scene()
    admitted = scene.admit()
    assert turns.poll(scene.record(), scene.ports) == {
        "turnId": TURN,
        "conversationId": "c-1",
        "status": "processing",
        "mode": "live",
        "content": "",
        "progress": "received",
        "userMessageId": admitted.ids.user,
    }


def test_a_running_turn_shows_how_far_it_is() -> None:
    scene = Scene()
    admitted = scene.admit()
    scene.keep(
        admitted, [Contextual("x", "Right on.\n"), Progress("routing", "r")], [Progress("generating", "g")]
    )
    scene.keep(admitted, [Chunk("To "), Chunk("para")])
    shown = turns.poll(scene.record(), scene.ports)
    assert (shown["status"], shown["progress"]) == ("streaming", "generating")
    assert shown["content"] == "Right on.\nTo para"


def test_a_finished_turn_shows_its_message() -> None:
    scene = Scene()
    scene.finish(scene.admit(), "To parallel.")
    shown = turns.poll(scene.record(), scene.ports)
    assert (shown["status"], shown["content"], shown["stopReason"]) == (
        "completed",
        "To parallel.",
        "end_turn",
    )
    assert shown["aiMessage"] == message_json(scene.messages()[-1])
    assert "error" not in shown


def test_an_interrupted_turn_shows_why_and_what_was_kept() -> None:
    scene = Scene()
    scene.keep(scene.admit(), [Chunk("To para")])
    recovery.fold(scene.record(), scene.ports)
    shown = turns.poll(scene.record(), scene.ports)
    assert shown["error"] == {
        "code": "MODEL_STREAM_INTERRUPTED",
        "message": "the answer broke off before its end; what was kept of it is saved",
        "retryable": True,
    }
    assert (shown["content"], shown["aiMessage"]["status"]) == ("To para", "partial")


def test_a_turn_that_ended_without_a_word_shows_none() -> None:
    scene = Scene()
    scene.admit()
    recovery.fold(scene.record(), scene.ports)
    shown = turns.poll(scene.record(), scene.ports)
    assert shown["content"] == ""
    assert "aiMessage" not in shown


def test_a_message_that_was_deleted_is_not_shown() -> None:
    scene = Scene()
    admitted = scene.admit()
    scene.finish(admitted, "To parallel.")
    scene.remove(items.message_key(REF, admitted.ids.assistant))
    assert turns.poll(scene.record(), scene.ports)["content"] == ""
