"""Who is asking, and may they: two questions, asked in two places.

How a token proves who is asking is in `tokens`, apart from here because its imports are the slow ones.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Concatenate, Final, Literal, Protocol

from libs.streaming.errors import InvalidTokenFormat, MissingAuthHeader, UserIdMismatch
from libs.streaming.requests import Request

type TokenUse = Literal["id", "access"]

MAX_TOKEN_BYTES: Final = 8_192
# RFC 7515, section 3.1: BASE64URL(header) "." BASE64URL(payload) "." BASE64URL(signature), no padding
_COMPACT_JWT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever sent a token that was found good."""

    user_id: str
    subject: str
    token_use: TokenUse
    claims: Mapping[str, object] = field(repr=False)


class Verifier(Protocol):
    """Tells whom a token stands for."""

    def verify(self, token: str) -> Principal:
        """Return the token's principal. Raises NotAuthenticated, KeysUnavailable."""
        ...


def check_token_format(token: str) -> None:
    """Check what can be seen of a token from outside.

    Raises  InvalidTokenFormat: over `MAX_TOKEN_BYTES`, or not three parts of base64url
    """
    if len(token) > MAX_TOKEN_BYTES:
        raise InvalidTokenFormat(f"the token is longer than {MAX_TOKEN_BYTES} bytes; send a smaller one")
    if not _COMPACT_JWT.fullmatch(token):
        raise InvalidTokenFormat("the token is not a signed JWT of three parts; send 'Bearer <token>'")


def bearer_token(request: Request) -> str:
    """Return the token that the request carries, unchecked but for its form.

    Raises  MissingAuthHeader; InvalidTokenFormat
    """
    header = request.headers.get("authorization", "").strip(" \t")
    if not header:
        raise MissingAuthHeader
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer":
        raise InvalidTokenFormat(
            "the Authorization header is not of the Bearer scheme; send 'Bearer <token>'"
        )
    token = token.lstrip(" ")
    check_token_format(token)
    return token


def authorise(principal: Principal, user_id: str) -> None:
    """Let a person reach only what is theirs. Raises UserIdMismatch."""
    if principal.user_id != user_id:
        raise UserIdMismatch


def authenticated[**Rest, Answer](
    verifier: Verifier, handler: Callable[Concatenate[Request, Principal, Rest], Answer]
) -> Callable[Concatenate[Request, Rest], Answer]:
    """Return `handler` for requests whose sender is not known yet.

    The token is checked when the request is handed over, even where `handler` is a generator, so a
    refusal can still become a status.

    Raises  NotAuthenticated, KeysUnavailable: when called
    """

    def handle(request: Request, /, *args: Rest.args, **kwargs: Rest.kwargs) -> Answer:
        principal = verifier.verify(bearer_token(request))
        return handler(request, principal, *args, **kwargs)

    return handle
