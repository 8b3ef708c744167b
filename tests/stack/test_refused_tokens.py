"""Who is not let in: each with a status and a code of its own, and nothing spent on them."""

import base64
import json
import time
from collections.abc import Callable

import pytest

from tests.stack import tokens
from tests.stack.client import Conversation, Stack
from tests.stack.refusals import Attempt, check_refused, nothing_happens
from tests.stack.tokens import TokenMint

pytestmark = pytest.mark.stack

type Credentials = Callable[[TokenMint, str], str | None]


def _bearer(make: Callable[[TokenMint, str], str]) -> Credentials:
    return lambda mint, user: f"Bearer {make(mint, user)}"


def _tampered(mint: TokenMint, user: str) -> str:
    """Return another person's token with this person's name written into it."""
    head, _, signature = mint.token("somebody-else").split(".")
    claims = base64.urlsafe_b64encode(json.dumps(mint.claims(user)).encode()).rstrip(b"=").decode()
    return f"{head}.{claims}.{signature}"


REFUSED: dict[str, tuple[Credentials, int, str]] = {
    "no header": (lambda mint, user: None, 401, "MISSING_AUTH_HEADER"),
    "an empty header": (lambda mint, user: "", 401, "MISSING_AUTH_HEADER"),
    "not Bearer": (lambda mint, user: f"Basic {mint.token(user)}", 401, "INVALID_TOKEN_FORMAT"),
    "Bearer alone": (lambda mint, user: "Bearer", 401, "INVALID_TOKEN_FORMAT"),
    "the token alone": (lambda mint, user: mint.token(user), 401, "INVALID_TOKEN_FORMAT"),
    "no JWT": (lambda mint, user: "Bearer opaque", 401, "INVALID_TOKEN_FORMAT"),
    "a very long token": (lambda mint, user: f"Bearer a.{'b' * 9_000}.c", 401, "INVALID_TOKEN_FORMAT"),
    "expired": (
        _bearer(lambda mint, user: mint.token(user, exp=int(time.time()) - 60)),
        401,
        "TOKEN_EXPIRED",
    ),
    "not valid yet": (
        _bearer(lambda mint, user: mint.token(user, nbf=int(time.time()) + 600)),
        401,
        "INVALID_TOKEN",
    ),
    "without expiry": (_bearer(lambda mint, user: mint.token(user, without="exp")), 401, "INVALID_TOKEN"),
    "a foreign key under our key's id": (
        _bearer(lambda mint, user: mint.token(user, signature=tokens.foreign_key)),
        401,
        "INVALID_TOKEN",
    ),
    "an unknown key id": (
        _bearer(lambda mint, user: mint.token(user, header={"kid": "unknown"})),
        401,
        "INVALID_TOKEN",
    ),
    "tampered with": (_bearer(_tampered), 401, "INVALID_TOKEN"),
    "alg none without signature": (
        _bearer(lambda mint, user: mint.token(user, header={"alg": "none"}, signature=tokens.no_signature)),
        401,
        "INVALID_TOKEN_FORMAT",
    ),
    "alg none with some signature": (
        _bearer(lambda mint, user: mint.token(user, header={"alg": "none"}, signature=tokens.some_signature)),
        401,
        "INVALID_TOKEN",
    ),
    "HS256 with the public key": (
        _bearer(
            lambda mint, user: mint.token(user, header={"alg": "HS256"}, signature=mint.hs256_with_public_key)
        ),
        401,
        "INVALID_TOKEN",
    ),
    "another issuer": (
        _bearer(lambda mint, user: mint.token(user, iss="https://elsewhere.example")),
        401,
        "INVALID_TOKEN",
    ),
    "another audience": (
        _bearer(lambda mint, user: mint.token(user, aud="another-app")),
        401,
        "INVALID_TOKEN",
    ),
    "another token use": (
        _bearer(lambda mint, user: mint.token(user, token_use="refresh")),
        401,
        "INVALID_TOKEN",
    ),
    "no user id": (
        _bearer(lambda mint, user: mint.token(user, without="custom:user_id")),
        401,
        "MISSING_CUSTOM_USER_ID",
    ),
    "another user": (
        _bearer(lambda mint, user: mint.token(user, custom_user_id="somebody-else")),
        403,
        "USER_ID_MISMATCH",
    ),
}


@pytest.fixture(scope="module")
def conversation(shared_stack: Stack) -> Conversation:
    return shared_stack.person().begin()


@pytest.mark.parametrize("who", REFUSED)
def test_a_request_is_refused_with(who: str, stack: Stack, conversation: Conversation) -> None:
    credentials, status, code = REFUSED[who]
    value = credentials(stack.mint, conversation.person.user)
    headers = {} if value is None else {"authorization": value}
    with nothing_happens(stack):
        response = check_refused(stack, Attempt(f"{conversation.path}/stream", headers), status, code)
    assert response.headers.get("www-authenticate") == ("Bearer" if status == 401 else None)
    assert not any(token in response.text for token in stack.mint.signed)


@pytest.mark.parametrize(("method", "tail"), [("POST", ""), ("GET", "/{id}/messages")])
def test_every_route_of_a_person_wants_that_person_s_token(
    method: str, tail: str, stack: Stack, conversation: Conversation
) -> None:
    path = conversation.person.path + tail.format(id=conversation.id)
    with nothing_happens(stack):
        attempt = Attempt(path, {}, b"", method)
        check_refused(stack, attempt, 401, "MISSING_AUTH_HEADER")
        stranger = Attempt(path, stack.person().headers, b"", method)
        check_refused(stack, stranger, 403, "USER_ID_MISMATCH")


def test_an_access_token_of_the_application_is_as_good_as_an_id_token(stack: Stack) -> None:
    person = stack.person()
    token = stack.mint.token(
        person.user, without="aud", token_use="access", client_id=stack.endpoints.audience
    )
    response = stack.http.post(person.path, headers={"authorization": f"Bearer {token}"})
    assert response.status_code == 201


def test_a_stranger_s_conversation_does_not_exist_in_one_s_own_path(
    stack: Stack, conversation: Conversation
) -> None:
    stranger = stack.person()
    theirs = f"{stranger.path}/{conversation.id}"
    with nothing_happens(stack):
        check_refused(stack, Attempt(f"{theirs}/stream", stranger.headers), 404, "CONVERSATION_NOT_FOUND")
        attempt = Attempt(f"{theirs}/messages", stranger.headers, b"", "GET")
        check_refused(stack, attempt, 404, "CONVERSATION_NOT_FOUND")
