"""History page by page, from the latest message back, and only one's own."""

from typing import Any

import httpx
import pytest

from tests.stack.client import Conversation, Stack

pytestmark = pytest.mark.stack

TURNS = 4


@pytest.fixture(scope="module")
def conversation(shared_stack: Stack) -> Conversation:
    shared_stack.emulator.play()
    conversation = shared_stack.person().begin()
    for number in range(TURNS):
        conversation.say(f"/say message {number}")
    return conversation


def _pages(conversation: Conversation, **first: Any) -> list[dict[str, Any]]:
    """Return all pages, latest first, as a client follows the cursors."""
    pages = [conversation.history(**first)]
    while "cursor" in pages[-1]:
        pages.append(conversation.history(**first, before=pages[-1]["cursor"]))
    return pages


def _get(conversation: Conversation, **query: Any) -> httpx.Response:
    person = conversation.person
    return person.stack.http.get(f"{conversation.path}/messages", params=query, headers=person.headers)


def test_all_messages_come_oldest_first(conversation: Conversation) -> None:
    page = conversation.history()
    assert [message["role"] for message in page["messages"]] == ["user", "assistant"] * TURNS
    assert [message["content"] for message in page["messages"][::2]] == [
        f"/say message {number}" for number in range(TURNS)
    ]
    assert "cursor" not in page


@pytest.mark.parametrize("limit", [1, 3, 4, 7, 8, 100])
def test_pages_put_together_are_the_whole_history(limit: int, conversation: Conversation) -> None:
    pages = _pages(conversation, limit=limit)
    put_together = [message for page in reversed(pages) for message in page["messages"]]
    assert put_together == conversation.history()["messages"]
    assert all(len(page["messages"]) == limit for page in pages[:-1])
    assert len(pages) == -(-2 * TURNS // limit)


def test_a_page_stays_the_same_while_messages_arrive(stack: Stack) -> None:
    conversation = stack.person().begin()
    conversation.say("/say first one")
    conversation.say("/say second one")
    cursor = conversation.history(limit=2)["cursor"]
    before = conversation.history(limit=2, before=cursor)
    conversation.say("/say third one")
    assert conversation.history(limit=2, before=cursor) == before
    assert before["messages"][0]["content"] == "/say first one"


def test_the_answer_is_json_that_nobody_may_keep(conversation: Conversation) -> None:
    headers = _get(conversation).headers
    assert (headers["content-type"], headers["cache-control"]) == ("application/json", "no-store")


@pytest.mark.parametrize(
    "query",
    [
        {"before": "yesterday"},
        {"before": ""},
        {"before": "M#01ARZ3NDEKTSV4RRFFQ69G5FAV"},
        {"before": "01ARZ3NDEKTSV4RRFFQ69G5FAU"},
        {"before": "Z" * 26},
        {"limit": "0"},
        {"limit": "-1"},
        {"limit": "101"},
        {"limit": "many"},
        {"limit": "1e1"},
        {"limit": "٣"},
        {"limit": ""},
        {"limit": "9" * 400},
    ],
    ids=str,
)
def test_a_cursor_or_limit_that_is_none_is_refused(query: dict[str, str], conversation: Conversation) -> None:
    response = _get(conversation, **query)
    assert (response.status_code, response.json()["code"]) == (400, "INVALID_CURSOR")


def test_a_cursor_of_another_conversation_shows_nothing_of_that_one(
    stack: Stack, conversation: Conversation
) -> None:
    foreign = conversation.history(limit=2)["cursor"]
    own = stack.person().begin()
    own.say("/say my own words")
    messages = own.history(before=foreign)["messages"]
    assert {message["turnId"] for message in messages} <= {
        message["turnId"] for message in own.history()["messages"]
    }


def test_a_conversation_that_is_not_there_has_no_history(stack: Stack) -> None:
    person = stack.person()
    response = _get(Conversation(person, "no-such-conversation"))
    assert (response.status_code, response.json()["code"]) == (404, "CONVERSATION_NOT_FOUND")
