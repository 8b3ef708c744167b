"""What the function calls while it is tried: the local stack's parts, without its Function URL."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

import httpx

from local.bedrock_emulator import serve_bedrock
from local.environment import DEFAULT_REGION, Addresses
from local.errors import PartFailed
from local.http_server import close, port_of
from local.issuer import jwks_url, serve_issuer
from local.ministack import MiniStack, keep_port
from local.pinecone_emulator import serve_pinecone
from local.resources import make_resources
from local.signing_key import SigningKey, load_or_make
from local.state_dir import StateDir
from local.template import Template

# An offline model need not take the time of a real one here.
AT_ONCE: Final = {"routerMs": 0, "firstTokenMs": 0, "interTokenMs": 0}


@dataclass(frozen=True, slots=True)
class Services:
    """Where they are, and the key that signs this run's tokens."""

    addresses: Addresses
    key: SigningKey


@asynccontextmanager
async def running_services(state: StateDir, template: Template) -> AsyncIterator[Services]:
    """Run what the function calls until the block ends. Raises StackError: a part did not start."""
    state.prepare()
    key = load_or_make(state.signing_key)
    async with AsyncExitStack() as undo:
        log_file = state.logs / "ministack.log"
        ministack = MiniStack(
            port=keep_port(state.ministack_port), state_dir=state.ministack, log_file=log_file
        )
        undo.push_async_callback(ministack.stop)
        await ministack.start()
        issuer, bedrock = await serve_issuer(key), await serve_bedrock()
        undo.push_async_callback(close, issuer)
        undo.push_async_callback(close, bedrock)
        pinecone = await serve_pinecone(state.pinecone)
        undo.push_async_callback(close, pinecone)
        addresses = Addresses(
            aws=ministack.url,
            bedrock=f"http://127.0.0.1:{port_of(bedrock)}",
            pinecone=f"http://127.0.0.1:{port_of(pinecone)}",
            jwks=jwks_url(issuer),
        )
        await _hurry(str(addresses.bedrock))
        await ministack.ready()
        await asyncio.to_thread(make_resources, template, aws_url=ministack.url, region=DEFAULT_REGION)
        yield Services(addresses, key)


async def _hurry(bedrock: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        response = await http.put(f"{bedrock}/_emulator/script", json=AT_ONCE)
    if response.status_code != 200:
        raise PartFailed(f"the model emulator refused its script: {response.text}")
