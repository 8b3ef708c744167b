"""Tickets: leave to attach to one turn."""

import pytest

from libs.streaming.errors import StreamingError, TicketExpired, TicketInvalid
from libs.streaming.tickets import VALID_S, Ticket, TicketOffice, parse_keys

TICKET = Ticket("ann", "turn-1")
OLD = {"old": b"0123456789abcdef"}
NEW = {"new": b"fedcba9876543210", **OLD}


def office(keys: dict[str, bytes], now_s: float = 1_000.0) -> TicketOffice:
    return TicketOffice(keys, lambda: now_s)


def test_a_ticket_says_whose_turn_it_is_for() -> None:
    assert office(OLD).verify(office(OLD).issue(TICKET)) == TICKET


def test_a_ticket_can_be_used_again() -> None:
    ticket = office(OLD).issue(TICKET)
    assert office(OLD).verify(ticket) == office(OLD).verify(ticket)


def test_the_first_key_signs_and_all_are_accepted() -> None:
    assert office(NEW).issue(TICKET).startswith("new.")
    assert office(NEW).verify(office(OLD).issue(TICKET)) == TICKET


def test_a_ticket_of_a_retired_key_is_refused() -> None:
    ticket = office(NEW).issue(TICKET)
    with pytest.raises(TicketInvalid):
        office(OLD).verify(ticket)


def test_a_ticket_is_valid_for_fifteen_minutes() -> None:
    ticket = office(OLD, 1_000).issue(TICKET)
    assert VALID_S == 900
    assert office(OLD, 1_899.9).verify(ticket) == TICKET
    with pytest.raises(TicketExpired):
        office(OLD, 1_900).verify(ticket)


def test_every_altered_ticket_is_refused() -> None:
    ticket = office(OLD).issue(TICKET)
    for position, character in enumerate(ticket):
        altered = ticket[:position] + ("A" if character != "A" else "B") + ticket[position + 1 :]
        with pytest.raises(StreamingError) as refused:
            office(OLD).verify(altered)
        assert isinstance(refused.value, TicketInvalid)


@pytest.mark.parametrize(
    "text",
    ["", ".", "..", "old..", "old.e30", "old.e30.", "a" * 5_000, "old.é.x", "eyJ.eyJ.sig", "old.e30.A" * 3],
)
def test_what_is_no_ticket_is_refused(text: str) -> None:
    with pytest.raises(TicketInvalid):
        office(OLD).verify(text)


def test_keys_are_listed_with_the_signing_one_first() -> None:
    assert parse_keys("new:fedcba9876543210, old:0123456789abcdef") == NEW


@pytest.mark.parametrize("text", ["", "old", "old:short", ":0123456789abcdef", "o d:0123456789abcdef"])
def test_keys_that_would_not_protect_anything_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="ticket key"):
        parse_keys(text)


def test_keys_stay_out_of_the_repr() -> None:
    assert "0123456789abcdef" not in repr(office(OLD))
