"""The key that the local issuer signs with: made once, kept in the state directory."""

import base64
import hashlib
import json
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

KEY_BITS = 2048


@dataclass(frozen=True, slots=True, repr=False)
class SigningKey:
    """An RSA private key and the id under which its public half is published."""

    private: rsa.RSAPrivateKey
    key_id: str

    def public_jwk(self) -> dict[str, str]:
        """Return the public half as a JSON Web Key (RFC 7517)."""
        numbers = self.private.public_key().public_numbers()
        return {
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": self.key_id,
            "n": _base64url_uint(numbers.n),
            "e": _base64url_uint(numbers.e),
        }


def load_or_make(path: Path) -> SigningKey:
    """Return the key kept at `path`, making it (mode 0600) when there is none.

    Two processes that start at once end with the same key: the first to link its file wins.
    """
    if not path.exists():
        _make(path)
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError(f"{path} holds no RSA key; remove it and a new one is made")
    return SigningKey(key, _thumbprint(key))


def _make(path: Path) -> None:
    pem = rsa.generate_private_key(public_exponent=65_537, key_size=KEY_BITS).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(pem)
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        Path(draft).unlink()


def _thumbprint(key: rsa.RSAPrivateKey) -> str:
    """Return the RFC 7638 thumbprint: the id follows from the key and needs no file of its own."""
    numbers = key.public_key().public_numbers()
    # RFC 7638 section 3: the required members only, in lexicographic order, without whitespace.
    members = {"e": _base64url_uint(numbers.e), "kty": "RSA", "n": _base64url_uint(numbers.n)}
    digest = hashlib.sha256(json.dumps(members, separators=(",", ":")).encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _base64url_uint(number: int) -> str:
    data = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
