import re
from typing import Any, Final

import pytest

from libs.coach_conversation.errors import InvalidCoachConfig, InvalidTimestamp, InvalidUserResponse
from libs.coach_conversation.types import CoachConfig, CoachId
from stream_coach.bodies import (
    Again,
    TurnBody,
    idempotency_key,
    parse_coach,
    parse_mode,
    parse_said,
    parse_turn,
)

MAX: Final = 16_384
ATLAS: Final = CoachId("atlas")


def turn(**body: Any) -> TurnBody:
    return parse_turn({"userResponse": "Hi", **body}, max_bytes=MAX)


def said(**body: Any) -> TurnBody | Again:
    return parse_said(body, max_bytes=MAX)


# A message


def test_a_message_is_read() -> None:
    body = turn(messageTimestamp="2026-11-21T09:30:00Z", clientMessageId="m-1")
    assert (body.user_response, body.message_timestamp, body.client_message_id) == (
        "Hi",
        "2026-11-21T09:30:00Z",
        "m-1",
    )


def test_a_message_needs_nothing_but_its_text() -> None:
    body = turn()
    assert (body.message_timestamp, body.client_message_id) == (None, None)


def test_what_nobody_asked_for_is_left_alone() -> None:
    assert turn(mood="great", user_response="no") == turn()


def test_the_text_is_kept_as_it_was_sent() -> None:
    assert turn(userResponse="  Grüße 🏋️\n").user_response == "  Grüße 🏋️\n"


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({}, "userResponse: field required"),
        ({"userResponse": None}, "userResponse: input should be a valid string"),
        ({"userResponse": 7}, "userResponse: input should be a valid string"),
        ({"userResponse": ["Hi"]}, "userResponse: input should be a valid string"),
        ({"userResponse": ""}, "userResponse is empty; send what the person says"),
        ({"userResponse": " \n\t\u00a0"}, "userResponse is empty; send what the person says"),
        ({"userResponse": "\x00\u200b\u200d\ufeff"}, "userResponse is empty; send what the person says"),
        ({"userResponse": "x" * 16_385}, "userResponse has 16385 bytes; send at most 16384"),
        ({"userResponse": "ü" * 8_193}, "userResponse has 16386 bytes; send at most 16384"),
        (
            {"userResponse": "Hi", "clientMessageId": ""},
            "clientMessageId: string should have at least 1 character",
        ),
        (
            {"userResponse": "Hi", "clientMessageId": "x" * 256},
            "clientMessageId: string should have at most 255 characters",
        ),
        ({"userResponse": "Hi", "clientMessageId": 7}, "clientMessageId: input should be a valid string"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_a_message_that_does_not_fit_is_refused_with_a_reason(body: dict[str, Any], complaint: str) -> None:
    with pytest.raises(InvalidUserResponse) as caught:
        parse_turn(body, max_bytes=MAX)
    assert str(caught.value) == complaint


@pytest.mark.parametrize("size", [16_383, 16_384])
def test_a_message_may_have_16_kb(size: int) -> None:
    assert len(turn(userResponse="x" * size).user_response) == size


def test_a_refusal_never_repeats_what_was_sent() -> None:
    with pytest.raises(InvalidUserResponse) as caught:
        parse_turn({"userResponse": {"secret": "words"}}, max_bytes=MAX)
    assert "words" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-21T09:30",
        "2026-11-21T09:30:00Z",
        "2026-11-21T09:30:00.123+01:00",
        "2026-11-21 09:30:00",
        "20261121T093000Z",
        "20261121T0930Z",
        "2026-W47-6T09:30",
    ],
)
def test_a_time_is_iso_8601(text: str) -> None:
    assert turn(messageTimestamp=text).message_timestamp == text


@pytest.mark.parametrize(
    "value",
    [
        "",
        "now",
        "yesterday",
        "21.11.2026 09:30",
        "2026-13-01T09:30",
        "2026-11-21T25:00",
        "2026-11-21T09:30:00\x00Z",
        "2026-11-21\u202e09:30:00Z",
        f"2026-11-21T09:30:00.{'0' * 500_000}Z",
        1_795_248_000_000,
        True,
    ],
)
def test_anything_else_is_no_time(value: object) -> None:
    with pytest.raises(InvalidTimestamp):
        turn(messageTimestamp=value)


@pytest.mark.parametrize("text", ["2026-11-21", "20261121", "2026-W47-6"])
def test_a_date_is_no_time(text: str) -> None:
    with pytest.raises(InvalidTimestamp, match="messageTimestamp is a date without a time; send both"):
        turn(messageTimestamp=text)


# The key


@pytest.mark.parametrize(
    ("body", "header", "expected"),
    [
        ({}, "h-1", "header:h-1"),
        ({"clientMessageId": "m-1", "messageTimestamp": "2026-11-21T09:30"}, "h-1", "header:h-1"),
        ({"clientMessageId": "m-1", "messageTimestamp": "2026-11-21T09:30"}, None, "message:m-1"),
        ({"clientMessageId": "m-1"}, "", "message:m-1"),
        ({"messageTimestamp": "2026-11-21T09:30"}, None, 'said:["2026-11-21T09:30", "Hi"]'),
        ({}, None, "random:r-1"),
    ],
)
def test_a_key_is_the_headers_else_the_messages_else_its_time_else_random(
    body: dict[str, Any], header: str | None, expected: str
) -> None:
    assert idempotency_key(turn(**body), header, "r-1") == expected


def test_a_message_id_cannot_pass_for_a_header() -> None:
    assert idempotency_key(turn(clientMessageId="header:h-1"), None, "r") == "message:header:h-1"


def test_a_key_that_is_too_long_is_refused() -> None:
    assert idempotency_key(turn(), "x" * 255, "r") == "header:" + "x" * 255
    with pytest.raises(InvalidUserResponse, match="Idempotency-Key has 256 characters; send at most 255"):
        idempotency_key(turn(), "x" * 256, "r")


# What AI SDK clients send


def ui(text: str, *, role: str = "user", message_id: str = "m-1") -> dict[str, Any]:
    return {"id": message_id, "role": role, "parts": [{"type": "text", "text": text}]}


def test_the_last_user_message_is_what_the_person_says() -> None:
    messages = [ui("First"), ui("Hello", role="assistant", message_id="m-2"), ui("Then", message_id="m-3")]
    body = said(id="chat-1", messages=messages, trigger="submit-message")
    assert body == turn(userResponse="Then", clientMessageId="m-3")


def test_only_the_text_of_a_message_is_read() -> None:
    parts = [{"type": "text", "text": "One "}, {"type": "file", "url": "x"}, {"type": "text", "text": "two"}]
    assert said(messages=[{"id": "m-1", "role": "user", "parts": parts}]) == turn(
        userResponse="One two", clientMessageId="m-1"
    )


def test_a_message_of_an_older_client_has_its_content() -> None:
    assert said(messages=[{"role": "user", "content": "Hi"}]) == turn()


def test_a_wish_for_another_answer_names_the_message_and_the_answer() -> None:
    body = {"messages": [ui("Hi"), ui("Hello", role="assistant")], "trigger": "regenerate-message"}
    assert said(**body, messageId="a-1") == Again("m-1", "a-1")
    assert said(**body) == Again("m-1", None)


def test_a_user_response_wins_over_messages() -> None:
    assert said(userResponse="Hi", messages="junk") == turn()


@pytest.mark.parametrize(
    "messages", [[], [ui("Hello", role="assistant")], [ui("")], [ui("  ")], "Hi", None, [{"role": 7}], [None]]
)
def test_messages_without_anything_said_are_refused(messages: object) -> None:
    with pytest.raises(InvalidUserResponse):
        said(messages=messages)


def test_an_unknown_trigger_is_refused() -> None:
    with pytest.raises(InvalidUserResponse, match="trigger"):
        said(messages=[ui("Hi")], trigger="explode")


# Modes and coaches


@pytest.mark.parametrize(
    ("body", "mode"), [({}, "attach"), ({"mode": "attach"}, "attach"), ({"mode": "queued"}, "queued")]
)
def test_a_turn_waits_for_a_reader_unless_it_is_queued(body: dict[str, Any], mode: str) -> None:
    assert parse_mode(body) == mode


@pytest.mark.parametrize("mode", ["live", "", None, 7, ["attach"]])
def test_another_mode_is_refused(mode: object) -> None:
    with pytest.raises(InvalidUserResponse, match="mode is neither 'attach' nor 'queued'"):
        parse_mode({"mode": mode})


def test_a_coach_is_read_in_full() -> None:
    body = {
        "name": " Nova ",
        "persona": "Brisk.",
        "specialities": ["running"],
        "style": "Dry.",
        "goals": ["5k"],
        "limits": ["no diets"],
    }
    assert parse_coach(body, ATLAS) == CoachConfig(
        coach_id=ATLAS,
        name="Nova",
        persona="Brisk.",
        specialities=("running",),
        style="Dry.",
        goals=("5k",),
        limits=("no diets",),
    )


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "   "}, "name"),
        ({"name": "x" * 61}, "name"),
        ({"persona": "x" * 2001}, "persona"),
        ({"style": "x" * 1001}, "style"),
        ({"goals": ["x"] * 21}, "goals"),
        ({"goals": [""]}, "goals.0"),
        ({"limits": "none"}, "limits"),
        ({"name": None}, "name"),
        ({"coachId": "other"}, "coachId"),
    ],
)
def test_a_coach_that_does_not_fit_is_refused_by_its_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidCoachConfig, match=rf"^{re.escape(field)}: "):
        parse_coach({"name": "Nova", "persona": "Brisk.", **changes}, ATLAS)
