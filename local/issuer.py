"""The local token issuer's public side: the two documents that a verifier fetches."""

import asyncio
from typing import Any

from local.http_server import Exchange, port_of, serve
from local.signing_key import SigningKey
from local.tokens import ISSUER

JWKS_PATH = "/.well-known/jwks.json"
CONFIGURATION_PATH = "/.well-known/openid-configuration"


async def serve_issuer(key: SigningKey, *, port: int = 0) -> asyncio.Server:
    """Publish the public half of `key` as a JWKS; the address is no part of the issuer's name.

    Raises  OSError: the port is taken
    """

    async def answer(exchange: Exchange) -> None:
        document = _document(exchange.path, key, jwks_url(server))
        if document is None:
            await exchange.reply_json(404, {"message": f"nothing at {exchange.path}"})
        elif exchange.method not in ("GET", "HEAD"):
            await exchange.reply_json(405, {"message": "GET only"}, (("allow", "GET, HEAD"),))
        else:
            await exchange.reply_json(200, document, (("cache-control", "public, max-age=600"),))

    server = await serve(answer, port=port)
    return server


def jwks_url(server: asyncio.Server) -> str:
    return f"http://127.0.0.1:{port_of(server)}{JWKS_PATH}"


def _document(path: str, key: SigningKey, address: str) -> dict[str, Any] | None:
    match path:
        case "/.well-known/jwks.json":
            return {"keys": [key.public_jwk()]}
        case "/.well-known/openid-configuration":
            return {
                "issuer": ISSUER,
                "jwks_uri": address,
                "id_token_signing_alg_values_supported": ["RS256"],
                "subject_types_supported": ["public"],
                "response_types_supported": ["id_token"],
            }
        case _:
            return None
