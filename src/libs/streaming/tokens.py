"""JWTs as Cognito signs them: RS256, checked against the issuer's published keys.

Only the signature's check is somebody else's: a library for JWTs is there for all the algorithms and forms of
keys that must not be accepted here, and its import was a fourteenth of a start.

Source  RFC 7515, section 5.2; RFC 8725
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from libs.streaming.auth import Principal, TokenUse, check_token_format
from libs.streaming.errors import InvalidJson, InvalidToken, MissingCustomUserId, TokenExpired
from libs.streaming.json_object import parse_object
from libs.streaming.path_params import is_id

ALGORITHM: Final = "RS256"
USER_ID_CLAIM: Final = "custom:user_id"
MAX_KEY_ID_CHARS: Final = 256
MIN_KEY_BITS: Final = 2_048
DEFAULT_LEEWAY_S: Final = 2.0


class KeySource(Protocol):
    """The issuer's published keys."""

    def key(self, kid: str) -> RSAPublicKey:
        """Return the key with this id. Raises UnknownKey, KeysUnavailable."""
        ...


class TokenVerifier:
    """Finds out whom a token stands for.

    Units   `clock` gives Unix time in seconds; `leeway_s` is how far two clocks may differ
    """

    def __init__(
        self,
        keys: KeySource,
        *,
        issuer: str,
        audience: str,
        clock: Callable[[], float],
        leeway_s: float = DEFAULT_LEEWAY_S,
    ) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._leeway_s = leeway_s

    def verify(self, token: str) -> Principal:
        """Return whom `token` stands for.

        Raises  InvalidTokenFormat; InvalidToken; TokenExpired: good but for its age;
                MissingCustomUserId: good, but without a usable user id; KeysUnavailable
        """
        check_token_format(token)
        claims = self._signed_claims(token)
        token_use = self._check_origin(claims)
        self._check_time(claims)
        return _principal(claims, token_use)

    def _signed_claims(self, token: str) -> Mapping[str, object]:
        signed, _, signature = token.rpartition(".")
        header, _, payload = signed.partition(".")
        try:
            key = self._keys.key(_key_id(parse_object(_decoded(header))))
            if key.key_size < MIN_KEY_BITS:
                raise _refused("its key is too short")
            key.verify(_decoded(signature), signed.encode(), PKCS1v15(), SHA256())
            return parse_object(_decoded(payload))
        except (binascii.Error, InvalidSignature, InvalidJson) as error:
            raise _refused("it is broken or its signature is wrong") from error

    def _check_origin(self, claims: Mapping[str, object]) -> TokenUse:
        """Check issuer and audience; which claim holds the audience depends on the token's use.

        Source  Amazon Cognito, "Verifying a JSON Web Token"
        """
        if claims.get("iss") != self._issuer:
            raise _refused("it comes from another issuer")
        use: TokenUse
        match claims.get("token_use"):
            case "id":
                use, audience = "id", claims.get("aud")
            case "access":
                use, audience = "access", claims.get("client_id")
            case _:
                raise _refused("its 'token_use' is neither 'id' nor 'access'")
        if audience != self._audience:
            raise _refused("it was issued for another application")
        return use

    def _check_time(self, claims: Mapping[str, object]) -> None:
        now_s = self._clock()
        expires_s = _time(claims, "exp")
        if expires_s is None:
            raise _refused("it has no expiry time")
        if now_s - self._leeway_s >= expires_s:
            raise TokenExpired
        for name in ("nbf", "iat"):
            from_s = _time(claims, name)
            if from_s is not None and from_s > now_s + self._leeway_s:
                raise _refused("it is not valid yet")


def _decoded(part: str) -> bytes:
    """Return the bytes of a part of a token, which is known to be of base64url's letters.

    Raises  binascii.Error: no whole bytes, or bits left over that a second spelling could hide in
    """
    data = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    if base64.urlsafe_b64encode(data).rstrip(b"=") != part.encode():
        raise binascii.Error("bits are left over")
    return data


def _key_id(header: Mapping[str, object]) -> str:
    """Return the id of the key to check with; keys or addresses that a header brings along are not read."""
    kid = header.get("kid")
    if header.get("alg") != ALGORITHM:
        raise _refused(f"it is not signed with {ALGORITHM}")
    # RFC 7515, section 4.1.11: whoever does not understand a critical extension must refuse the token.
    if "crit" in header or "b64" in header:
        raise _refused("it uses extensions that are not understood here")
    if not isinstance(kid, str) or not 0 < len(kid) <= MAX_KEY_ID_CHARS:
        raise _refused("it does not name its key")
    return kid


def _time(claims: Mapping[str, object], name: str) -> float | None:
    """Return a NumericDate in seconds, None where the claim is absent."""
    match claims.get(name):
        case bool():
            pass
        case int() | float() as value:
            return value
        case None if name not in claims:
            return None
    raise _refused(f"its {name!r} is not a time")


def _principal(claims: Mapping[str, object], token_use: TokenUse) -> Principal:
    subject, user_id = claims.get("sub"), claims.get(USER_ID_CLAIM)
    if not isinstance(subject, str) or not subject:
        raise _refused("it has no subject")
    if not isinstance(user_id, str) or not is_id(user_id):
        raise MissingCustomUserId
    return Principal(user_id, subject, token_use, MappingProxyType(dict(claims)))


def _refused(reason: str) -> InvalidToken:
    return InvalidToken(f"the token is refused: {reason}; sign in again")
