import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from libs.streaming.auth import Principal
from libs.streaming.errors import (
    InvalidToken,
    InvalidTokenFormat,
    KeysUnavailable,
    MissingCustomUserId,
    NotAuthenticated,
    StreamingError,
    TokenExpired,
    UnknownKey,
)
from libs.streaming.tokens import KeySource, TokenVerifier
from tests.libs.streaming.signing import (
    ACCESS_CLAIMS,
    AUDIENCE,
    HEADER,
    ID_CLAIMS,
    ISSUER,
    KID,
    NOW_S,
    base64url,
    jwk,
    private_key,
    sign,
    signing_input,
    without,
)


class FixedKeys(KeySource):
    def __init__(self, keys: Mapping[str, RSAPublicKey]) -> None:
        self._keys = keys

    def key(self, kid: str) -> RSAPublicKey:
        if kid not in self._keys:
            raise UnknownKey
        return self._keys[kid]


def verifier(*, now_s: float = NOW_S, leeway_s: float = 2.0, keys: KeySource | None = None) -> TokenVerifier:
    keys = keys or FixedKeys({KID: private_key().public_key()})
    return TokenVerifier(keys, issuer=ISSUER, audience=AUDIENCE, clock=lambda: now_s, leeway_s=leeway_s)


def refusal(token: str, *, by: TokenVerifier | None = None) -> StreamingError:
    with pytest.raises(StreamingError) as caught:
        (by or verifier()).verify(token)
    return caught.value


def test_an_id_token_names_its_user() -> None:
    principal = verifier().verify(sign(ID_CLAIMS))
    assert principal == Principal("alice", "subject-1", "id", ID_CLAIMS)


def test_an_access_token_is_checked_by_its_client_id() -> None:
    principal = verifier().verify(sign(ACCESS_CLAIMS))
    assert (principal.user_id, principal.token_use) == ("alice", "access")


def test_a_principal_shows_no_claims_in_its_repr() -> None:
    principal = verifier().verify(sign({**ID_CLAIMS, "email": "alice@example.org"}))
    assert repr(principal) == "Principal(user_id='alice', subject='subject-1', token_use='id')"


def _hs256_with_the_public_key(pem: bool) -> str:
    public = private_key().public_key()
    formats = (Encoding.PEM, PublicFormat.SubjectPublicKeyInfo) if pem else (Encoding.DER, PublicFormat.PKCS1)
    secret = public.public_bytes(*formats)
    text = signing_input({**HEADER, "alg": "HS256"}, ID_CLAIMS)
    return f"{text}.{base64url(hmac.digest(secret, text.encode(), hashlib.sha256))}"


def _pss() -> str:
    text = signing_input({**HEADER, "alg": "PS256"}, ID_CLAIMS)
    scheme = padding.PSS(padding.MGF1(SHA256()), padding.PSS.DIGEST_LENGTH)
    return f"{text}.{base64url(private_key().sign(text.encode(), scheme, SHA256()))}"


def _claims_of_another() -> str:
    head, _, signature = sign().split(".")
    forged = signing_input(HEADER, {**ID_CLAIMS, "custom:user_id": "mallory"}).split(".")[1]
    return f"{head}.{forged}.{signature}"


BROKEN = "the token is refused: it is broken or its signature is wrong; sign in again"
NOT_RS256 = "the token is refused: it is not signed with RS256; sign in again"
NO_KEY = "the token is refused: it does not name its key; sign in again"
EXTENSIONS = "the token is refused: it uses extensions that are not understood here; sign in again"
UNPUBLISHED = "the token is signed with a key that its issuer does not publish; sign in again"
OTHER = private_key("other")


@pytest.mark.parametrize(
    ("token", "message"),
    [
        pytest.param(sign(header={**HEADER, "alg": "none"}), NOT_RS256, id="alg none, yet signed"),
        pytest.param(sign(header={**HEADER, "alg": "NONE"}), NOT_RS256, id="alg NONE"),
        pytest.param(sign(header={**HEADER, "alg": "rs256"}), NOT_RS256, id="alg in lower case"),
        pytest.param(sign(header={**HEADER, "alg": "RS512"}), NOT_RS256, id="alg RS512"),
        pytest.param(sign(header={**HEADER, "alg": ["RS256"]}), NOT_RS256, id="alg a list"),
        pytest.param(sign(header={**HEADER, "alg": None}), NOT_RS256, id="alg null"),
        pytest.param(sign(header={"kid": KID}), NOT_RS256, id="no alg"),
        pytest.param(_hs256_with_the_public_key(pem=True), NOT_RS256, id="HS256 keyed with the public PEM"),
        pytest.param(_hs256_with_the_public_key(pem=False), NOT_RS256, id="HS256 keyed with the public DER"),
        pytest.param(_pss(), NOT_RS256, id="PS256"),
        pytest.param(sign(key=OTHER), BROKEN, id="another key under the same kid"),
        pytest.param(
            sign(key=OTHER, header={**HEADER, "jwk": jwk(key=OTHER)}),
            BROKEN,
            id="a key of its own in the header",
        ),
        pytest.param(
            sign(key=OTHER, header={**HEADER, "jku": "https://evil.example/jwks.json"}), BROKEN, id="jku"
        ),
        pytest.param(sign(key=OTHER, header={**HEADER, "x5u": "https://evil.example/c"}), BROKEN, id="x5u"),
        pytest.param(_claims_of_another(), BROKEN, id="claims exchanged"),
        pytest.param(f"{sign().rsplit('.', 1)[0]}.{base64url(bytes(256))}", BROKEN, id="signature of zeros"),
        pytest.param(f"{sign().rsplit('.', 1)[0]}.AA", BROKEN, id="signature of one byte"),
        pytest.param(sign(header={"alg": "RS256"}), NO_KEY, id="no kid"),
        pytest.param(sign(header={**HEADER, "kid": ""}), NO_KEY, id="empty kid"),
        pytest.param(sign(header={**HEADER, "kid": 7}), BROKEN, id="kid a number"),
        pytest.param(sign(header={**HEADER, "kid": None}), BROKEN, id="kid null"),
        pytest.param(sign(header={**HEADER, "kid": "k" * 257}), NO_KEY, id="kid too long"),
        pytest.param(sign(header={**HEADER, "kid": "../../etc/passwd"}), UNPUBLISHED, id="kid a path"),
        pytest.param(sign(header={**HEADER, "crit": ["exp"]}), BROKEN, id="unknown crit"),
        pytest.param(sign(header={**HEADER, "crit": []}), BROKEN, id="empty crit"),
        pytest.param(sign(header={**HEADER, "crit": ["b64"], "b64": True}), EXTENSIONS, id="known crit"),
        pytest.param(sign(header={**HEADER, "b64": True}), EXTENSIONS, id="b64"),
        pytest.param(sign([ID_CLAIMS]), BROKEN, id="claims a list"),
        pytest.param(sign("alice"), BROKEN, id="claims a string"),
        pytest.param(sign(float("nan")), BROKEN, id="claims NaN"),
        pytest.param("e30.e30.e30", NOT_RS256, id="three empty objects"),
        pytest.param("AAAA.AAAA.AAAA", BROKEN, id="header not JSON"),
        pytest.param(f"{base64url(b'[' * 5_000)}.e30.e30", BROKEN, id="header nested deeply"),
    ],
)
def test_a_forged_or_broken_token_is_refused(token: str, message: str) -> None:
    error = refusal(token)
    assert isinstance(error, InvalidToken)
    assert (error.code, str(error)) == ("INVALID_TOKEN", message)


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("", id="empty"),
        pytest.param(
            f"{signing_input({**HEADER, 'alg': 'none'}, ID_CLAIMS)}.", id="alg none without signature"
        ),
        pytest.param(f"{sign()}==", id="padding added"),
        pytest.param(f"{sign()}\n", id="newline added"),
        pytest.param(f"{sign()}.e30", id="four parts"),
        pytest.param(f"{sign().rsplit('.', 1)[0]}.é", id="not ASCII"),
        pytest.param(sign({**ID_CLAIMS, "junk": "x" * 8_192}), id="over 8 KB"),
    ],
)
def test_what_has_not_the_form_of_a_token_is_not_even_decoded(token: str) -> None:
    assert isinstance(refusal(token), InvalidTokenFormat)


ISSUER_TEXT = "the token is refused: it comes from another issuer; sign in again"
AUDIENCE_TEXT = "the token is refused: it was issued for another application; sign in again"
USE_TEXT = "the token is refused: its 'token_use' is neither 'id' nor 'access'; sign in again"
SUBJECT_TEXT = "the token is refused: it has no subject; sign in again"
NO_EXP_TEXT = "the token is refused: it has no expiry time; sign in again"
EARLY_TEXT = "the token is refused: it is not valid yet; sign in again"
BAD_EXP_TEXT = "the token is refused: its 'exp' is not a time; sign in again"


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        pytest.param({}, ISSUER_TEXT, id="no claims"),
        pytest.param(without(ID_CLAIMS, "iss"), ISSUER_TEXT, id="no iss"),
        pytest.param({**ID_CLAIMS, "iss": "https://evil.example"}, ISSUER_TEXT, id="other iss"),
        pytest.param({**ID_CLAIMS, "iss": ISSUER + "/"}, ISSUER_TEXT, id="iss with a slash more"),
        pytest.param({**ID_CLAIMS, "iss": [ISSUER]}, ISSUER_TEXT, id="iss a list"),
        pytest.param(without(ID_CLAIMS, "aud"), AUDIENCE_TEXT, id="no aud"),
        pytest.param({**ID_CLAIMS, "aud": "app-2"}, AUDIENCE_TEXT, id="other aud"),
        pytest.param({**ID_CLAIMS, "aud": [AUDIENCE, "app-2"]}, AUDIENCE_TEXT, id="aud a list"),
        pytest.param(
            {**without(ID_CLAIMS, "aud"), "client_id": AUDIENCE}, AUDIENCE_TEXT, id="id by client_id"
        ),
        pytest.param({**ACCESS_CLAIMS, "client_id": "app-2"}, AUDIENCE_TEXT, id="other client_id"),
        pytest.param(
            {**without(ACCESS_CLAIMS, "client_id"), "aud": AUDIENCE}, AUDIENCE_TEXT, id="access by aud"
        ),
        pytest.param(without(ID_CLAIMS, "token_use"), USE_TEXT, id="no token_use"),
        pytest.param({**ID_CLAIMS, "token_use": "refresh"}, USE_TEXT, id="refresh token"),
        pytest.param({**ID_CLAIMS, "token_use": ["id"]}, USE_TEXT, id="token_use a list"),
        pytest.param(without(ID_CLAIMS, "sub"), SUBJECT_TEXT, id="no sub"),
        pytest.param({**ID_CLAIMS, "sub": 7}, SUBJECT_TEXT, id="sub a number"),
        pytest.param(without(ID_CLAIMS, "exp"), NO_EXP_TEXT, id="no exp"),
        pytest.param({**ID_CLAIMS, "exp": None}, BAD_EXP_TEXT, id="exp null"),
        pytest.param({**ID_CLAIMS, "exp": "1900000000"}, BAD_EXP_TEXT, id="exp text"),
        pytest.param({**ID_CLAIMS, "exp": True}, BAD_EXP_TEXT, id="exp a boolean"),
        pytest.param({**ID_CLAIMS, "exp": float("inf")}, BROKEN, id="exp infinite"),
        pytest.param({**ID_CLAIMS, "nbf": NOW_S + 60}, EARLY_TEXT, id="nbf in the future"),
        pytest.param({**ID_CLAIMS, "iat": NOW_S + 60}, EARLY_TEXT, id="iat in the future"),
        pytest.param(
            {**ID_CLAIMS, "nbf": "soon"},
            "the token is refused: its 'nbf' is not a time; sign in again",
            id="nbf text",
        ),
        pytest.param({**ID_CLAIMS, "name": "\ud800"}, BROKEN, id="lone surrogate in a claim"),
    ],
)
def test_a_token_for_another_place_or_time_is_refused(claims: Mapping[str, Any], message: str) -> None:
    error = refusal(sign(claims))
    assert (type(error), str(error)) == (InvalidToken, message)


@pytest.mark.parametrize("user_id", [None, "", 7, ["alice"], True, "a b", "a/b", "alice\n", "ä", "x" * 65])
def test_a_claim_that_is_no_user_id_is_a_missing_one(user_id: object) -> None:
    assert isinstance(refusal(sign({**ID_CLAIMS, "custom:user_id": user_id})), MissingCustomUserId)


def test_a_token_without_the_claim_names_no_user() -> None:
    assert refusal(sign(without(ACCESS_CLAIMS, "custom:user_id"))).code == "MISSING_CUSTOM_USER_ID"


@pytest.mark.parametrize(
    ("after_expiry_s", "good"), [(-1, True), (0, True), (1.9, True), (2, False), (3_600, False)]
)
def test_a_token_expires_one_leeway_after_its_time(after_expiry_s: float, good: bool) -> None:
    by = verifier(now_s=ID_CLAIMS["exp"] + after_expiry_s)
    if good:
        assert by.verify(sign()).user_id == "alice"
    else:
        assert isinstance(refusal(sign(), by=by), TokenExpired)


def test_without_leeway_a_token_is_too_old_at_the_second_of_its_expiry() -> None:
    # RFC 7519, section 4.1.4: "on or after which the JWT MUST NOT be accepted"
    assert isinstance(refusal(sign(), by=verifier(now_s=ID_CLAIMS["exp"], leeway_s=0)), TokenExpired)


@pytest.mark.parametrize("name", ["nbf", "iat"])
def test_a_clock_may_lag_behind_the_issuers_by_the_leeway(name: str) -> None:
    assert verifier().verify(sign({**ID_CLAIMS, name: NOW_S + 2})).user_id == "alice"
    assert isinstance(refusal(sign({**ID_CLAIMS, name: NOW_S + 3})), InvalidToken)


def test_an_expired_forgery_is_called_invalid_not_expired() -> None:
    error = refusal(sign({**ID_CLAIMS, "exp": NOW_S - 60}, key=OTHER))
    assert error.code == "INVALID_TOKEN"


def test_a_short_key_checks_no_token() -> None:
    weak = private_key("weak", bits=1_024)
    by = verifier(keys=FixedKeys({KID: weak.public_key()}))
    assert isinstance(refusal(sign(key=weak), by=by), InvalidToken)


def test_keys_that_cannot_be_had_are_not_the_tokens_fault() -> None:
    class NoKeys(KeySource):
        def key(self, kid: str) -> RSAPublicKey:
            raise KeysUnavailable

    error = refusal(sign(), by=verifier(keys=NoKeys()))
    assert (error.code, error.retryable) == ("KEYS_UNAVAILABLE", True)


@given(position=st.integers(0, len(sign()) - 1), character=st.characters(max_codepoint=0x17F))
def test_a_token_with_any_character_exchanged_is_refused(position: int, character: str) -> None:
    token = sign()
    mutated = token[:position] + character + token[position + 1 :]
    if mutated != token:
        with pytest.raises(NotAuthenticated):
            verifier().verify(mutated)


@given(position=st.integers(0, len(sign())), text=st.text("Ab0-_.= \n", min_size=1, max_size=4))
def test_a_token_with_anything_put_in_is_refused(position: int, text: str) -> None:
    token = sign()
    with pytest.raises(NotAuthenticated):
        verifier().verify(token[:position] + text + token[position:])


@given(st.lists(st.binary(max_size=40), min_size=3, max_size=3))
def test_junk_is_refused_and_nothing_else_happens(parts: list[bytes]) -> None:
    with pytest.raises(NotAuthenticated):
        verifier().verify(".".join(base64url(part) for part in parts))
