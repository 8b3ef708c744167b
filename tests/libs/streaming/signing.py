"""JWTs and JWKs made by hand, so that the tests can also make what no library would."""

import base64
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

ISSUER = "https://issuer.example/pool"
AUDIENCE = "app-1"
KID = "key-1"
NOW_S = 1_800_000_000
ID_CLAIMS: Mapping[str, Any] = {
    "iss": ISSUER,
    "sub": "subject-1",
    "aud": AUDIENCE,
    "token_use": "id",
    "iat": NOW_S - 60,
    "exp": NOW_S + 3_600,
    "custom:user_id": "alice",
}
ACCESS_CLAIMS: Mapping[str, Any] = {
    **{name: value for name, value in ID_CLAIMS.items() if name != "aud"},
    "token_use": "access",
    "client_id": AUDIENCE,
}
HEADER: Mapping[str, Any] = {"alg": "RS256", "kid": KID}


@cache
def private_key(name: str = "first", *, bits: int = 2_048) -> rsa.RSAPrivateKey:
    """Return the same key for the same name."""
    return rsa.generate_private_key(public_exponent=65_537, key_size=bits)


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signing_input(header: Mapping[str, Any], claims: object) -> str:
    return ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))


def sign(
    claims: object = ID_CLAIMS,
    *,
    header: Mapping[str, Any] = HEADER,
    key: rsa.RSAPrivateKey | None = None,
) -> str:
    """Return a token with a true RS256 signature, whatever its header and claims say."""
    text = signing_input(header, claims)
    signature = (key or private_key()).sign(text.encode(), padding.PKCS1v15(), SHA256())
    return f"{text}.{base64url(signature)}"


def without(claims: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in claims.items() if name not in names}


def jwk(kid: str = KID, *, key: rsa.RSAPrivateKey | None = None, **changes: Any) -> dict[str, Any]:
    """Return the public half as a JSON Web Key."""
    numbers = (key or private_key()).public_key().public_numbers()
    members = {"n": _uint(numbers.n), "e": _uint(numbers.e)}
    return {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, **members, **changes}


def _uint(number: int) -> str:
    return base64url(number.to_bytes((number.bit_length() + 7) // 8))
