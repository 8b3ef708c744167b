from typing import Final

import pytest

from libs.coach_conversation.admission import Admitted, admit
from libs.coach_conversation.errors import ConversationBusy, ConversationNotFound, InvalidUserResponse
from libs.coach_conversation.regeneration import regeneration
from libs.coach_conversation.types import CoachId, CoachTurn, ConversationRef, TurnRecord
from tests.fakes.ports import REF, asked
from tests.libs.coach_conversation.scenes import Scene

OTHER_COACH: Final = ConversationRef(REF.user_id, CoachId("nova"), REF.conversation_id)


class Answered(Scene):
    """A conversation with one message and its answer."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.finish(self.admit(), "First answer.")

    @property
    def answer_id(self) -> str:
        return self.messages()[-1].message_id

    def again(self, answer_id: str | None = None, *, key: str = "m-1") -> CoachTurn:
        return regeneration(REF, client_message_id=key, answer_id=answer_id, ports=self.ports)


def test_the_latest_message_is_answered_anew() -> None:
    scene = Answered()
    turn = scene.again(scene.answer_id)
    assert turn.text == "How do I squat deeper?"
    assert turn.replaces is not None
    assert (turn.replaces.answer_id, turn.replaces.said) == (scene.answer_id, scene.messages()[0])


def test_a_client_need_not_name_the_answer() -> None:
    scene = Answered()
    replaces = scene.again().replaces
    assert replaces is not None
    assert replaces.answer_id == scene.answer_id


def test_a_message_without_an_answer_can_be_answered_anew() -> None:
    scene = Scene()
    scene.finish(scene.admit())
    turn = regeneration(REF, client_message_id="m-1", answer_id=None, ports=scene.ports)
    assert turn.replaces is not None
    assert turn.replaces.answer_id is None


def test_an_answer_that_is_not_the_latest_stays() -> None:
    scene = Answered()
    first = scene.answer_id
    scene.finish(scene.admit(asked("And then?", key="k-2")), "Second answer.")
    with pytest.raises(InvalidUserResponse, match="messageId is not the latest answer"):
        scene.again(first)


def test_where_nothing_was_said_there_is_nothing_to_answer_anew() -> None:
    with pytest.raises(InvalidUserResponse, match="there is no message yet"):
        regeneration(REF, client_message_id="m-1", answer_id=None, ports=Scene().ports)


def test_a_conversation_that_is_not_there_is_not_found() -> None:
    with pytest.raises(ConversationNotFound):
        regeneration(OTHER_COACH, client_message_id="m-1", answer_id=None, ports=Answered().ports)


def test_the_new_answer_takes_the_place_of_the_old_one() -> None:
    scene = Answered()
    scene.finish(scene.admit(scene.again()), "Second answer.")
    assert [message.content for message in scene.messages()] == ["How do I squat deeper?", "Second answer."]
    assert scene.meta["messageCount"] == 2


def test_the_same_wish_again_is_the_same_turn_whatever_was_said_since() -> None:
    scene = Answered()
    answer_id = scene.answer_id
    scene.finish(scene.admit(scene.again(answer_id)), "Second answer.")
    scene.finish(scene.admit(asked("And then?", key="k-2")), "Third answer.")
    repeated = admit(scene.again(answer_id), scene.ports)
    assert isinstance(repeated, TurnRecord)
    assert repeated.status == "completed"


def test_what_was_said_in_between_is_not_overwritten() -> None:
    scene = Answered()
    turn = scene.again()
    scene.finish(scene.admit(asked("And then?", key="k-2")), "Second answer.")
    with pytest.raises(InvalidUserResponse, match="more was said since"):
        admit(turn, scene.ports)


def test_while_a_turn_runs_nothing_is_answered_anew() -> None:
    scene = Answered()
    scene.admit(asked("And then?", key="k-2"))
    with pytest.raises(ConversationBusy):
        admit(scene.again(), scene.ports)


def test_a_new_answer_does_not_see_the_old_one() -> None:
    scene = Answered()
    admitted = admit(scene.again(), scene.ports)
    assert isinstance(admitted, Admitted)
    assert admitted.ids.user == scene.messages()[0].message_id
