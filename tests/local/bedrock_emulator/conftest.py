"""A real emulator in a thread of its own, a real SDK client, and the admin interface."""

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import httpx
import pytest
from botocore.config import Config

from local import http_server
from local.bedrock_emulator import serve_bedrock
from local.embedders import HashedNgrams

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

INSTANT = {"routerMs": 0, "firstTokenMs": 0, "interTokenMs": 0}


@dataclass(frozen=True)
class Emulator:
    url: str
    http: httpx.Client
    bedrock: "BedrockRuntimeClient"

    def script(self, **members: Any) -> dict[str, Any]:
        response = self.http.put("/_emulator/script", json=INSTANT | members)
        assert response.status_code == 200, response.text
        document: dict[str, Any] = response.json()
        return document

    def calls(self) -> list[dict[str, Any]]:
        calls: list[dict[str, Any]] = self.http.get("/_emulator/calls").json()
        return calls

    def post(self, path: str, body: Any) -> httpx.Response:
        """Send what the SDK would not let through."""
        content = body if isinstance(body, bytes) else None
        document = None if isinstance(body, bytes) else body
        headers = {"authorization": "AWS4-HMAC-SHA256 Credential=test"}
        return self.http.post(path, content=content, json=document, headers=headers)


async def cancel_the_rest() -> None:
    """End what still answers connections that are gone: a loop must not be closed under it."""
    rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)


@contextmanager
def running_server() -> Iterator[int]:
    loop = asyncio.new_event_loop()
    port: Future[int] = Future()
    stop = asyncio.Event()

    async def run() -> None:
        server = await serve_bedrock(embedder=HashedNgrams())
        port.set_result(http_server.port_of(server))
        await stop.wait()
        await http_server.close(server)
        await cancel_the_rest()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    try:
        yield port.result(timeout=5)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(timeout=5)
        loop.close()


@pytest.fixture(scope="session")
def running_emulator() -> Iterator[Emulator]:
    with running_server() as port:
        url = f"http://127.0.0.1:{port}"
        client = boto3.client(
            "bedrock-runtime",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}, read_timeout=10, max_pool_connections=60),
        )
        with httpx.Client(base_url=url, trust_env=False) as http:
            yield Emulator(url, http, client)
        client.close()


@pytest.fixture
def emulator(running_emulator: Emulator) -> Emulator:
    """Return the emulator without delays, faults or calls."""
    running_emulator.script()
    running_emulator.http.delete("/_emulator/calls")
    return running_emulator


def wait_until_left(emulator: Emulator) -> dict[str, Any]:
    """Return the only call once the emulator saw its client leave."""
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline:
        (call,) = emulator.calls()
        if call["closedEarly"]:
            return call
        time.sleep(0.005)
    pytest.fail("the emulator did not see the client leave")
