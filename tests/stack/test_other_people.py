"""What is one's own stays so: no route gives anything of one person to another."""

from dataclasses import replace
from typing import Any, Final

import httpx
import pytest

from stream_coach.routes import ROUTES
from tests.stack.client import Conversation, Person, Stack, eventually

pytestmark = pytest.mark.stack

SECRET: Final = "nobody else may read of my left knee"
BODIES: Final[dict[str, dict[str, Any]]] = {
    "stream_turn": {"userResponse": "let me in"},
    "answer_turn": {"userResponse": "let me in"},
    "begin_turn": {"userResponse": "let me in", "mode": "attach"},
    "save_coach": {"name": "Mira", "persona": "A coach."},
}
OWNED: Final = {route.name: route for route in ROUTES.routes if "{userId}" in route.template}
IN_A_CONVERSATION: Final = [name for name, route in OWNED.items() if "{conversationId}" in route.template]


@pytest.fixture(scope="module")
def secret(shared_stack: Stack) -> tuple[Conversation, str]:
    """A conversation with a secret, and its turn."""
    shared_stack.emulator.play()
    conversation = shared_stack.person().begin()
    turn_id = conversation.say(f"/say {SECRET}").turn_id
    # What the worker asks behind the turn is none of the intruders' doing.
    eventually(lambda: "done_exchange" in shared_stack.table.turn(*conversation.where, turn_id))
    eventually(lambda: not shared_stack.table.notes(conversation.person.user))
    return conversation, turn_id


def _ask(name: str, asking: Person, whose: Person, secret: tuple[Conversation, str]) -> httpx.Response:
    """Ask for what belongs to `whose` path, with the secret's ids, as somebody else."""
    conversation, turn_id = secret
    route = OWNED[name]
    names = {
        "userId": whose.user,
        "coachId": whose.coach,
        "conversationId": conversation.id,
        "turnId": turn_id,
        "memoryId": "some-memory",
        "workoutId": "some-workout",
    }
    path = route.template.format_map(names)
    query = {"turnId": turn_id} if name == "resume_stream" else {}
    return asking.stack.http.request(
        route.method, path, params=query, json=BODIES.get(name), headers=asking.headers
    )


@pytest.mark.parametrize("name", OWNED)
def test_no_route_lets_anybody_into_the_path_of_another(
    name: str, secret: tuple[Conversation, str], stack: Stack
) -> None:
    conversation, _ = secret
    response = _ask(name, stack.person(), conversation.person, secret)
    assert (response.status_code, response.json()["code"]) == (403, "USER_ID_MISMATCH")
    assert SECRET not in response.text


@pytest.mark.parametrize("name", IN_A_CONVERSATION)
def test_no_route_finds_the_conversation_of_another_under_one_s_own_path(
    name: str, secret: tuple[Conversation, str], stack: Stack
) -> None:
    conversation, _ = secret
    before = conversation.stored()
    intruder = stack.person()
    response = _ask(name, intruder, intruder, secret)
    assert (response.status_code, response.json()["code"]) == (404, "CONVERSATION_NOT_FOUND")
    assert SECRET not in response.text
    assert conversation.stored() == before
    assert stack.emulator.calls() == []


@pytest.mark.parametrize("name", IN_A_CONVERSATION)
def test_no_route_finds_a_conversation_under_another_coach(
    name: str, secret: tuple[Conversation, str], stack: Stack
) -> None:
    conversation, _ = secret
    owner = conversation.person
    response = _ask(name, owner, replace(owner, coach="another"), secret)
    assert (response.status_code, response.json()["code"]) == (404, "CONVERSATION_NOT_FOUND")
    assert conversation.stored()[0]["content"] == f"/say {SECRET}"


def test_the_key_of_one_person_says_nothing_about_the_turn_of_another(stack: Stack) -> None:
    one, other = stack.person().begin(), stack.person().begin()
    mine, theirs = one.say(f"/say {SECRET}", key="k"), other.say("/say hello", key="k")
    assert mine.turn_id != theirs.turn_id
    assert theirs.answer == "hello"
    assert SECRET not in theirs.text


def test_nobody_sees_the_conversations_of_another_in_a_list(
    secret: tuple[Conversation, str], stack: Stack
) -> None:
    person = stack.person()
    mine = person.begin()
    listed = stack.http.get(person.path, headers=person.headers).json()["conversations"]
    assert [one["conversationId"] for one in listed] == [mine.id]
