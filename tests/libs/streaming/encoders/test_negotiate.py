"""Which protocol a client is answered in: the query says, else the header, else the body, else the route."""

from collections.abc import Mapping
from typing import Any

import pytest

from libs.streaming.encoders.data_stream import DataStream
from libs.streaming.encoders.negotiate import PROTOCOLS, Protocol, encoder_for, negotiate
from libs.streaming.encoders.typed_sse import TypedSse
from libs.streaming.encoders.ui_message_stream import UiMessageStream
from libs.streaming.errors import InvalidProtocol
from libs.streaming.requests import Request


def asking(query: Mapping[str, str] | None = None, **headers: str) -> Request:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(source="function_url", request_id="r-1", query=query or {}, headers=named)


@pytest.mark.parametrize("default", PROTOCOLS)
def test_who_says_nothing_gets_the_default_of_the_route(default: Protocol) -> None:
    assert negotiate(asking(), default=default, body={"messages": []}) == default


@pytest.mark.parametrize(
    ("query", "header", "body", "found"),
    [
        ({"protocol": "ui"}, "data", {"trigger": "submit-message"}, "ui"),
        ({"protocol": "typed"}, "", {"trigger": "submit-message"}, "typed"),
        ({"protocol": "data"}, "", {}, "data"),
        ({"protocol": "UI"}, "", {}, "ui"),
        ({}, "data", {"trigger": "submit-message"}, "data"),
        ({}, " Typed ", {"trigger": "submit-message"}, "typed"),
        ({}, "", {"trigger": "regenerate-message"}, "ui"),
        ({"protocol": ""}, "", {"trigger": None}, "ui"),
        # AI SDK 4 resumes by these addresses, from one without and one with a query of its own.
        ({"chatId": "c-1"}, "", {}, "data"),
        ({"protocol": "data?chatId=c-1"}, "", {}, "data"),
        ({"protocol": "typed", "chatId": "c-1"}, "", {}, "typed"),
    ],
)
def test_the_first_that_says_anything_wins(
    query: dict[str, str], header: str, body: dict[str, Any], found: Protocol
) -> None:
    request = asking(query, x_stream_protocol=header)
    assert negotiate(request, default="typed", body=body) == found


@pytest.mark.parametrize("asked", ["sse", "data ui", "datax", "\n"])
def test_an_unknown_protocol_is_refused_by_name(asked: str) -> None:
    with pytest.raises(InvalidProtocol, match="use typed or data or ui"):
        negotiate(asking({"protocol": asked}), default="typed")


def test_each_protocol_has_its_encoder() -> None:
    assert isinstance(encoder_for("typed", asking(), turn_id="t-1"), TypedSse)
    assert isinstance(encoder_for("data", asking(), turn_id="t-1"), DataStream)
    assert isinstance(encoder_for("ui", asking(), turn_id="t-1"), UiMessageStream)


def test_the_data_stream_is_an_event_stream_for_who_asks_for_one() -> None:
    encoder = encoder_for("data", asking(accept="text/event-stream, */*"), turn_id="t-1")
    assert encoder.headers["content-type"] == "text/event-stream; charset=utf-8"
