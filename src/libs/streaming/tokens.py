"""JWTs as Cognito signs them: RS256, checked against the issuer's published keys.

PyJWT is imported here and nowhere else in what is shipped; behind boto3 it adds 28 ms to a start, of
which 6 ms are the RSA of cryptography that any check needs.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, Protocol

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from libs.streaming.auth import Principal, TokenUse, check_token_format
from libs.streaming.errors import InvalidJson, InvalidToken, MissingCustomUserId, TokenExpired
from libs.streaming.json_object import parse_object
from libs.streaming.path_params import is_id

ALGORITHM: Final = "RS256"
USER_ID_CLAIM: Final = "custom:user_id"
MAX_KEY_ID_CHARS: Final = 256
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
        # No other algorithm is registered, so none can be confused with this one.
        self._jws = jwt.PyJWS(algorithms=[ALGORITHM], options={"enforce_minimum_key_length": True})

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
        try:
            key = self._keys.key(_key_id(self._jws.get_unverified_header(token)))
            return parse_object(self._jws.decode(token, key, algorithms=[ALGORITHM]))
        except (jwt.PyJWTError, InvalidJson) as error:
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
