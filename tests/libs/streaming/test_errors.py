import pytest

from libs.streaming import errors
from libs.streaming.errors import StreamingError


def descendants(cls: type[StreamingError]) -> list[type[StreamingError]]:
    return [found for child in cls.__subclasses__() for found in (child, *descendants(child))]


def test_every_error_is_drawn_in_the_tree() -> None:
    drawn = {line.strip("│├└─ ").split(" ")[0] for line in (errors.__doc__ or "").splitlines()}
    assert {cls.__name__ for cls in descendants(StreamingError)} <= drawn


def test_the_codes_are_these() -> None:
    assert {cls.code for cls in descendants(StreamingError)} == {
        "INVALID_EVENT",
        "INVALID_JSON",
        "INVALID_PATH_PARAMS",
        "INVALID_PROBE_OPTIONS",
        "INVALID_PROTOCOL",
        "INVALID_TOKEN",
        "INVALID_TOKEN_FORMAT",
        "KEYS_UNAVAILABLE",
        "METHOD_NOT_ALLOWED",
        "MISSING_AUTH_HEADER",
        "MISSING_CUSTOM_USER_ID",
        "MISSING_REQUEST_BODY",
        "PAYLOAD_TOO_LARGE",
        "PROCESSING_ERROR",
        "ROUTE_NOT_FOUND",
        "TICKET_EXPIRED",
        "TICKET_INVALID",
        "TOKEN_EXPIRED",
        "UNSUPPORTED_MEDIA_TYPE",
        "USER_ID_MISMATCH",
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a", "'a'"), ("a\nb\ud800", r"'a\nb\ud800'"), ("x" * 101, repr("x" * 100 + "…"))],
)
def test_what_a_client_sent_is_shown_short_and_on_one_line(text: str, expected: str) -> None:
    assert errors.shown(text) == expected
