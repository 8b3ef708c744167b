"""Tokens signed with the stack's own key, and forged ones that no library would sign."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from local.endpoints import Endpoints

LIFE_S: Final = 600

type Signature = Callable[[bytes], bytes]


class TokenMint:
    """Signs what it is told to; `signed` are all tokens so far."""

    def __init__(self, endpoints: Endpoints) -> None:
        key = serialization.load_pem_private_key(Path(endpoints.signing_key_file).read_bytes(), None)
        assert isinstance(key, rsa.RSAPrivateKey)
        self._key, self._endpoints = key, endpoints
        self.signed: list[str] = []

    def claims(self, user: str) -> dict[str, Any]:
        """Return the claims of a good id token."""
        now_s = int(time.time())
        return {
            "iss": self._endpoints.issuer,
            "aud": self._endpoints.audience,
            "sub": f"subject-of-{user}",
            "token_use": "id",
            "custom:user_id": user,
            "iat": now_s,
            "exp": now_s + LIFE_S,
        }

    def token(
        self,
        user: str,
        *,
        header: Mapping[str, Any] | None = None,
        signature: Signature | None = None,
        without: str = "",
        **claims: Any,
    ) -> str:
        """Return a token of this person; what is named takes the place of what would be good.

        Shape   `claims` by name, `custom_user_id` standing for the claim with the colon; `without` one
        """
        named = {name.replace("custom_user_id", "custom:user_id"): value for name, value in claims.items()}
        wanted = {name: value for name, value in (self.claims(user) | named).items() if name != without}
        head = {"alg": "RS256", "typ": "JWT", "kid": self._endpoints.signing_key_id, **(header or {})}
        text = f"{_encoded(json.dumps(head).encode())}.{_encoded(json.dumps(wanted).encode())}"
        token = f"{text}.{_encoded((signature or rs256(self._key))(text.encode()))}"
        self.signed.append(token)
        return token

    def hs256_with_public_key(self, text: bytes) -> bytes:
        """Sign as whoever hopes that the public key is taken for a shared secret."""
        public = self._key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return hmac.digest(public, text, hashlib.sha256)


def rs256(key: rsa.RSAPrivateKey) -> Signature:
    return lambda text: key.sign(text, padding.PKCS1v15(), SHA256())


def foreign_key(text: bytes) -> bytes:
    """Sign with a key that nobody published."""
    return rs256(rsa.generate_private_key(public_exponent=65_537, key_size=2_048))(text)


def no_signature(_: bytes) -> bytes:
    return b""


def some_signature(_: bytes) -> bytes:
    return b"signed"


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
