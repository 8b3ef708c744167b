from collections.abc import Iterator

import pytest

from libs.streaming.auth import Principal, authenticated, authorise, bearer_token
from libs.streaming.errors import (
    InvalidToken,
    InvalidTokenFormat,
    MissingAuthHeader,
    StreamingError,
    UserIdMismatch,
)
from libs.streaming.requests import Request

ALICE = Principal("alice", "subject-1", "id", {})


class Passwords:
    """A verifier that knows one token."""

    def verify(self, token: str) -> Principal:
        if token != "good.good.good":
            raise InvalidToken("the token is refused")
        return ALICE


def request(authorization: str | None) -> Request:
    headers = {} if authorization is None else {"authorization": authorization}
    return Request(source="function_url", request_id="r-1", headers=headers)


@pytest.mark.parametrize(
    "header", ["Bearer a.b.c", "bearer a.b.c", "BEARER a.b.c", "Bearer   a.b.c", " Bearer a.b.c\t"]
)
def test_a_bearer_token_is_found(header: str) -> None:
    assert bearer_token(request(header)) == "a.b.c"


@pytest.mark.parametrize("header", [None, "", "  "])
def test_without_a_header_there_is_no_token(header: str | None) -> None:
    with pytest.raises(MissingAuthHeader):
        bearer_token(request(header))


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "a.b.c",
        "Basic YTpi",
        "Token a.b.c",
        "Bearer:a.b.c",
        "Bearer\ta.b.c",
        "Bearer a.b",
        "Bearer a.b.c.d",
        "Bearer a..c",
        "Bearer a.b.",
        "Bearer a.b.c d",
        "Bearer a.b.c, Bearer a.b.c",
        "Bearer a.b.c=",
        "Bearer a.b.ä",
        "Bearer null",
        "Bearer undefined",
        pytest.param(f"Bearer a.b.{'c' * 8_189}", id="over 8 KB"),
        pytest.param(f"Bearer {'.' * 8_000}", id="dots only"),
    ],
)
def test_a_header_without_a_bearer_token_is_refused(header: str) -> None:
    with pytest.raises(InvalidTokenFormat) as caught:
        bearer_token(request(header))
    assert caught.value.code == "INVALID_TOKEN_FORMAT"


def test_a_refused_token_is_not_repeated() -> None:
    with pytest.raises(InvalidTokenFormat) as caught:
        bearer_token(request("Bearer hunter2"))
    assert str(caught.value) == "the token is not a signed JWT of three parts; send 'Bearer <token>'"


def test_a_person_reaches_what_is_theirs() -> None:
    authorise(ALICE, "alice")


@pytest.mark.parametrize("user_id", ["bob", "Alice", "alice ", "", "alic"])
def test_a_person_does_not_reach_what_is_anothers(user_id: str) -> None:
    with pytest.raises(UserIdMismatch) as caught:
        authorise(ALICE, user_id)
    assert caught.value.code == "USER_ID_MISMATCH"


def test_a_handler_learns_who_is_asking() -> None:
    def greet(request: Request, principal: Principal, greeting: str, *, mark: str) -> str:
        return f"{greeting}, {principal.user_id}{mark}"

    handler = authenticated(Passwords(), greet)
    assert handler(request("Bearer good.good.good"), "Hello", mark="!") == "Hello, alice!"


@pytest.mark.parametrize(
    ("header", "code"), [(None, "MISSING_AUTH_HEADER"), ("Bearer a.b.c", "INVALID_TOKEN")]
)
def test_a_stream_is_refused_before_its_first_byte(header: str | None, code: str) -> None:
    def stream(request: Request, principal: Principal) -> Iterator[bytes]:
        yield b"never"

    with pytest.raises(StreamingError) as caught:
        authenticated(Passwords(), stream)(request(header))
    assert caught.value.code == code
