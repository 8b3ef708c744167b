"""Tickets: an address that lets a browser attach to exactly one turn, for a quarter of an hour."""

import base64
import json
import time
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from libs.streaming.tickets import VALID_S, Ticket, TicketOffice, parse_keys
from tests.stack.client import Conversation, Stack, Stream
from tests.stack.conftest import RELAYED, Relayed
from tests.stack.sse import check_stream
from tests.stack.watching import Turn, begin_turn, watch, watching

pytestmark = pytest.mark.stack

TEXT: Final = "/say only for who has the ticket"
NOBODY: Final = {"accept": "application/json"}
KEYS: Final = parse_keys(RELAYED["TICKET_KEYS"])


@pytest.fixture
def stack(relayed: Relayed) -> Stack:
    return relayed.stack


def _ticket_of(links: dict[str, Any]) -> str:
    [ticket] = parse_qs(urlsplit(str(links["streamUrl"])).query)["ticket"]
    return ticket


def _waiting(stack: Stack) -> tuple[Turn, str]:
    """Leave a turn and return it with its ticket."""
    conversation = stack.person().begin()
    links = begin_turn(conversation, TEXT)
    return Turn(conversation, links["turnId"]), _ticket_of(links)


def _attach(conversation: Conversation, ticket: str, *, after: str | None = None) -> Stream:
    return watch(conversation, after=after, by="query", headers=NOBODY, ticket=ticket)


def _issued(user: str, turn_id: str, *, age_s: float = 0.0, key: str = "k2") -> str:
    """Return a ticket as the stack would have issued it some time ago."""
    return TicketOffice({key: KEYS[key]}, lambda: time.time() - age_s).issue(Ticket(user, turn_id))


def _refused(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


def test_the_address_of_a_waiting_turn_runs_it_without_a_token(stack: Stack) -> None:
    conversation = stack.person().begin()
    links = begin_turn(conversation, TEXT)
    response = stack.http.get(links["streamUrl"])
    assert (response.status_code, response.text.count("id: ")) == (200, response.text.count("\n\n") - 1)
    assert response.text.startswith("retry: 3000\n\n")
    assert '"type":"complete"' in response.text
    assert conversation.stored()[1]["content"].endswith(TEXT.removeprefix("/say "))


def test_a_ticket_is_good_as_often_as_a_browser_reconnects(stack: Stack) -> None:
    turn, ticket = _waiting(stack)
    told = _attach(turn.conversation, ticket)
    check_stream(told.events)
    assert told.turn_id == turn.id
    assert _attach(turn.conversation, ticket).replay() == told.replay()
    assert _attach(turn.conversation, ticket, after=told.events[2].id).replay() == told.replay()[3:]
    assert _attach(turn.conversation, ticket, after=told.events[-1].id).status == 204


def test_a_ticket_is_for_its_turn_only(stack: Stack) -> None:
    turn, ticket = _waiting(stack)
    conversation = turn.conversation
    told = _attach(conversation, ticket)
    later = conversation.say("/say something private")
    # Neither the active turn nor the one that a cursor names takes the place of the ticket's.
    assert _attach(conversation, ticket).replay() == told.replay()
    assert _attach(conversation, ticket, after=f"{later.turn_id}.1").replay() == told.replay()
    refused = watch(conversation, headers=NOBODY, ticket=ticket, turnId=later.turn_id)
    assert (refused.status, refused.refusal["code"]) == (401, "TICKET_INVALID")
    elsewhere = _attach(conversation.person.begin(), ticket)
    assert (elsewhere.status, elsewhere.refusal["code"]) == (404, "TURN_NOT_FOUND")


def test_a_ticket_is_for_its_person_only(stack: Stack) -> None:
    turn, _ = _waiting(stack)
    stranger = stack.person()
    for ticket in (_issued(stranger.user, turn.id), _issued("", turn.id)):
        refused = _attach(turn.conversation, ticket)
        assert (refused.status, refused.refusal["code"]) == (401, "TICKET_INVALID")
    assert stack.emulator.calls() == []


def test_a_ticket_lasts_a_quarter_of_an_hour(stack: Stack) -> None:
    turn, _ = _waiting(stack)
    user = turn.conversation.person.user
    refused = _attach(turn.conversation, _issued(user, turn.id, age_s=VALID_S + 1))
    assert (refused.status, refused.refusal["code"]) == (401, "TICKET_EXPIRED")
    assert stack.emulator.calls() == []
    assert _attach(turn.conversation, _issued(user, turn.id, age_s=VALID_S - 60)).last["type"] == "complete"


def test_a_ticket_of_the_key_before_is_still_good_and_new_ones_are_of_the_new_key(stack: Stack) -> None:
    turn, ticket = _waiting(stack)
    assert ticket.startswith("k2.")
    old = _issued(turn.conversation.person.user, turn.id, key="k1")
    assert _attach(turn.conversation, old).last["type"] == "complete"


def _forgeries(ticket: str) -> dict[str, str]:
    key_id, payload, signature = ticket.split(".")
    values = json.loads(base64.urlsafe_b64decode(payload + "=="))
    longer = json.dumps([*values[:2], values[2] + 1], separators=(",", ":"))
    return {
        "its time put off": f"{key_id}.{_encoded(longer)}.{signature}",
        "another key's name": f"k1.{payload}.{signature}",
        "a key that is none": f"k9.{payload}.{signature}",
        "no signature": f"{key_id}.{payload}.",
        "another signature": f"{key_id}.{payload}.{'A' * 43}",
        "cut short": ticket[:-1],
        "something behind it": f"{ticket}.x",
        "no ticket": "nonsense",
        "too much": "x" * 5000,
    }


def _encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def test_no_forged_ticket_is_good(stack: Stack) -> None:
    turn, ticket = _waiting(stack)
    for what, forged in _forgeries(ticket).items():
        refused = _attach(turn.conversation, forged)
        assert (refused.status, refused.refusal["code"]) == (401, "TICKET_INVALID"), what
    assert turn.poll()["status"] == "pending"


def test_a_ticket_opens_no_other_door(stack: Stack) -> None:
    turn, ticket = _waiting(stack)
    path, http = turn.conversation.path, stack.http
    for method, url in (
        ("GET", f"{path}/messages"),
        ("GET", turn.path),
        ("POST", f"{turn.path}/cancel"),
        ("POST", f"{path}/stream"),
        ("GET", path),
        ("DELETE", path),
    ):
        body = {"userResponse": "let me in"} if url.endswith("/stream") else None
        refused = http.request(method, url, params={"ticket": ticket}, json=body)
        assert _refused(refused) == (401, "MISSING_AUTH_HEADER"), url
        refused = http.request(method, url, json=body, headers={"authorization": f"Bearer {ticket}"})
        assert refused.status_code == 401, url
        assert refused.json()["code"] in ("INVALID_TOKEN", "INVALID_TOKEN_FORMAT"), url
    assert turn.poll()["status"] == "pending"


def test_a_bearer_token_counts_more_than_a_ticket(stack: Stack) -> None:
    turn, ticket = _waiting(stack)
    stranger = stack.person()
    with watching(turn.conversation, headers=stranger.headers, ticket=ticket) as stream:
        assert (stream.status, stream.refusal["code"]) == (403, "USER_ID_MISMATCH")


def test_no_ticket_is_in_any_log(stack: Stack) -> None:
    turn, ticket = _waiting(stack)
    _attach(turn.conversation, ticket)
    _attach(turn.conversation, f"{ticket}x")
    logs = [file.read_text(errors="replace") for file in stack.log_file.parent.iterdir()]
    assert any(turn.id in log for log in logs)
    for part in ticket.split(".")[1:]:
        assert not any(part in log for log in logs)
    assert not any("the-key-" in log for log in logs)
