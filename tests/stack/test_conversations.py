"""Conversations: listed, shown and deleted, also in the middle of a turn."""

from typing import Any

import httpx
import pytest

from tests.stack.client import Conversation, Person, Stack, eventually
from tests.stack.sse import TERMINAL
from tests.stack.watching import Turn, begin_turn, watching

pytestmark = pytest.mark.stack

LONG = "/say " + " ".join(f"word-{number}" for number in range(100))
GONE = (404, "CONVERSATION_NOT_FOUND")


def _request(person: Person, method: str, url: str, **request: Any) -> httpx.Response:
    return person.stack.http.request(method, url, headers=person.headers, **request)


def _show(conversation: Conversation) -> httpx.Response:
    return _request(conversation.person, "GET", conversation.path)


def _delete(conversation: Conversation) -> httpx.Response:
    return _request(conversation.person, "DELETE", conversation.path)


def _pages(person: Person, limit: int) -> list[list[str]]:
    """Return the ids of all conversations, page by page."""
    pages: list[list[str]] = []
    query: dict[str, Any] = {"limit": limit}
    while True:
        page = _request(person, "GET", person.path, params=query).json()
        pages.append([shown["conversationId"] for shown in page["conversations"]])
        if "cursor" not in page:
            return pages
        query["before"] = page["cursor"]


def _refused(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


def test_whoever_said_nothing_yet_has_no_conversations(stack: Stack) -> None:
    person = stack.person()
    assert _request(person, "GET", person.path).json() == {"conversations": []}


def test_a_conversation_shows_what_is_known_of_it(stack: Stack) -> None:
    stack.emulator.play(interTokenMs=10)
    conversation = stack.person().begin()
    new = _show(conversation).json()
    assert new.keys() == {"conversationId", "coachId", "messageCount", "createdAt", "lastActivityAt"}
    assert (new["conversationId"], new["coachId"], new["messageCount"]) == (conversation.id, "atlas", 0)
    with conversation.stream(LONG) as stream:
        stream.until("chunk")
        running = _show(conversation).json()
        stream.read()
    ended = _show(conversation).json()
    assert (running["activeTurnId"], running["messageCount"]) == (stream.turn_id, 1)
    assert "activeTurnId" not in ended
    assert ended["messageCount"] == 2
    assert new["lastActivityAt"] < running["lastActivityAt"] < ended["lastActivityAt"]
    [listed] = _request(conversation.person, "GET", conversation.person.path).json()["conversations"]
    assert listed == ended


def test_the_conversation_of_the_latest_activity_comes_first(stack: Stack) -> None:
    person = stack.person()
    first, second, third = (person.begin() for _ in range(3))
    first.say("/say me again")
    assert _pages(person, 10) == [[first.id, third.id, second.id]]


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_pages_of_conversations_put_together_are_all_of_them(limit: int, stack: Stack) -> None:
    person = stack.person()
    ids = [person.begin().id for _ in range(5)]
    pages = _pages(person, limit)
    assert [one for page in pages for one in page] == ids[::-1]
    assert [len(page) for page in pages[:-1]] == [limit] * (len(pages) - 1)


@pytest.mark.parametrize(
    "query",
    [{"limit": "0"}, {"limit": "101"}, {"limit": "ten"}, {"before": "nonsense"}, {"before": "1.2"}],
    ids=str,
)
def test_a_page_that_cannot_be_is_refused(query: dict[str, str], stack: Stack) -> None:
    person = stack.person()
    assert _refused(_request(person, "GET", person.path, params=query)) == (400, "INVALID_CURSOR")


def test_a_deleted_conversation_is_gone_with_all_that_was_in_it(stack: Stack) -> None:
    person = stack.person()
    conversation, other = person.begin(), person.begin()
    told = conversation.say("/say soon forgotten", key="k")
    response = _delete(conversation)
    assert (response.status_code, response.content) == (204, b"")
    assert stack.table.everything(*conversation.where) == []
    assert _pages(person, 10) == [[other.id]]
    for refused in (
        _show(conversation),
        _delete(conversation),
        _request(person, "GET", f"{conversation.path}/messages"),
        _request(person, "GET", f"{conversation.path}/stream"),
        _request(person, "GET", f"{conversation.path}/stream", params={"turnId": told.turn_id}),
        _request(person, "GET", f"{conversation.path}/turns/{told.turn_id}"),
        _request(person, "POST", f"{conversation.path}/turns/{told.turn_id}/cancel"),
        _request(person, "POST", f"{conversation.path}/stream", json={"userResponse": "still there?"}),
    ):
        assert _refused(refused) == GONE
    assert other.say("/say I am still here").last["type"] == "complete"


def test_deleting_ends_a_turn_that_runs_for_all_who_watch_it(stack: Stack) -> None:
    stack.emulator.play(interTokenMs=50)
    conversation = stack.person().begin()
    with conversation.stream(LONG) as stream:
        stream.until("chunk", count=20)
        with watching(conversation) as watched:
            watched.until("start")
            assert _delete(conversation).status_code == 204
            stream.read()
            watched.read()
    for told in (stream, watched):
        assert [kind for kind in told.types if kind in TERMINAL] == ["error"]
    assert (watched.last["code"], watched.last["retryable"]) == ("TURN_NOT_FOUND", False)
    eventually(lambda: stack.emulator.calls()[-1]["closedEarly"])
    assert stack.table.everything(*conversation.where) == []


def test_deleting_ends_a_turn_that_waits(stack: Stack) -> None:
    conversation = stack.person().begin()
    turn = Turn(conversation, begin_turn(conversation, "/say never")["turnId"])
    assert _delete(conversation).status_code == 204
    assert _refused(turn.cancel()) == GONE
    assert stack.table.everything(*conversation.where) == []
    assert stack.emulator.calls() == []


def test_a_long_conversation_is_deleted_to_its_last_message(stack: Stack) -> None:
    conversation = stack.person().begin()
    user, conversation_id = conversation.where
    pk = f"U#{user}#C#{conversation_id}"
    stack.table.put({"pk": pk, "sk": f"M#{number:026d}"} for number in range(250))
    assert _delete(conversation).status_code == 204
    assert stack.table.everything(*conversation.where) == []
