"""Tokens of the local issuer: a Cognito id token's claims, checked with what the issuer publishes."""

import json

import jwt
import pytest

from local.signing_key import SigningKey, load_or_make
from local.tokens import AUDIENCE, ISSUER, parse_id, parse_user_id, sign_token

NOW_S = 1_795_248_000


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    return load_or_make(tmp_path_factory.mktemp("issuer") / "signing-key.pem")


def test_claims_are_those_of_an_id_token(key: SigningKey) -> None:
    token = sign_token(key, parse_user_id("alice"), now_s=NOW_S, expires_in_s=600)
    assert jwt.decode(token, options={"verify_signature": False}) == {
        "sub": "alice",
        "aud": "stream-coach-local",
        "iss": "https://issuer.stream-coach.local",
        "token_use": "id",
        "custom:user_id": "alice",
        "auth_time": NOW_S,
        "iat": NOW_S,
        "exp": NOW_S + 600,
    }


def test_the_published_key_checks_the_signature(key: SigningKey) -> None:
    token = sign_token(key, parse_user_id("alice"), now_s=NOW_S)
    published = jwt.PyJWK.from_json(json.dumps(key.public_jwk()))
    assert jwt.get_unverified_header(token) == {"alg": "RS256", "typ": "JWT", "kid": published.key_id}
    claims = jwt.decode(
        token,
        published,
        algorithms=["RS256"],
        audience=AUDIENCE,
        issuer=ISSUER,
        options={"verify_exp": False, "verify_iat": False},
    )
    assert claims["custom:user_id"] == "alice"


def test_an_expired_token_was_issued_before_it_expired(key: SigningKey) -> None:
    token = sign_token(key, parse_user_id("alice"), now_s=NOW_S, expires_in_s=-60)
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["exp"] == NOW_S - 60
    assert claims["iat"] <= claims["exp"]


def test_the_private_half_is_not_published(key: SigningKey) -> None:
    assert set(key.public_jwk()) == {"kty", "use", "alg", "kid", "n", "e"}


@pytest.mark.parametrize("text", ["a", "Z", "user-1_x", "0" * 64])
def test_ids_are_letters_digits_dashes_and_underscores(text: str) -> None:
    assert parse_id(text) == text


@pytest.mark.parametrize("text", ["", "a b", "ü", "a/b", "a#b", "x" * 65, "a\n"])
def test_what_is_no_id_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match="is no id"):
        parse_id(text)
