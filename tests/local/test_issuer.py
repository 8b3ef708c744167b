"""The issuer's two documents, over a real socket."""

import asyncio

import httpx
import pytest

from local.http_server import close
from local.issuer import jwks_url, serve_issuer
from local.signing_key import SigningKey, load_or_make


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    return load_or_make(tmp_path_factory.mktemp("issuer") / "signing-key.pem")


def _ask(key: SigningKey, method: str, path: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        server = await serve_issuer(key)
        base = jwks_url(server).removesuffix("/.well-known/jwks.json")
        async with httpx.AsyncClient(trust_env=False) as http:
            response = await http.request(method, base + path)
        await close(server)
        return response

    return asyncio.run(ask())


def test_the_key_set_holds_the_public_key(key: SigningKey) -> None:
    response = _ask(key, "GET", "/.well-known/jwks.json")
    assert response.status_code == 200
    assert response.json() == {"keys": [key.public_jwk()]}


def test_the_configuration_names_the_key_sets_address(key: SigningKey) -> None:
    response = _ask(key, "GET", "/.well-known/openid-configuration")
    document = response.json()
    assert document["issuer"] == "https://issuer.stream-coach.local"
    assert document["jwks_uri"] == str(response.url.copy_with(path="/.well-known/jwks.json"))


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/", 404), ("POST", "/.well-known/jwks.json", 405)]
)
def test_nothing_else_is_there(key: SigningKey, method: str, path: str, status: int) -> None:
    assert _ask(key, method, path).status_code == status
