"""Tokens as the local issuer signs them: RS256, with the claims of a Cognito id token."""

import re
from typing import NewType

import jwt

from local.signing_key import SigningKey

ISSUER = "https://issuer.stream-coach.local"
AUDIENCE = "stream-coach-local"
DEMO_USER = "demo"
DEFAULT_LIFE_S = 3600
DAY_S = 86_400

UserId = NewType("UserId", str)
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def parse_user_id(text: str) -> UserId:
    """Return `text` as a user id. Raises ValueError when it is none."""
    return UserId(parse_id(text))


def parse_id(text: str) -> str:
    """Return `text` if it can be an id in a path or key. Raises ValueError otherwise."""
    if not _ID.fullmatch(text):
        raise ValueError(f"{text!r} is no id: 1 to 64 letters, digits, '_' or '-'")
    return text


def sign_token(key: SigningKey, user: UserId, *, now_s: int, expires_in_s: int = DEFAULT_LIFE_S) -> str:
    """Return a token that says who `user` is.

    Units   `now_s` is Unix time; `expires_in_s` may be negative, for a token that has already expired
    """
    issued_s = min(now_s, now_s + expires_in_s)
    claims = {
        "sub": user,
        "aud": AUDIENCE,
        "iss": ISSUER,
        "token_use": "id",
        "custom:user_id": user,
        "auth_time": issued_s,
        "iat": issued_s,
        "exp": now_s + expires_in_s,
    }
    return jwt.encode(claims, key.private, algorithm="RS256", headers={"kid": key.key_id})
