"""A real emulator in a thread of its own, and its admin interface."""

import asyncio
import importlib
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from local import http_server
from local.pinecone_emulator import serve_pinecone
from tests.local.bedrock_emulator.conftest import cancel_the_rest


@dataclass(frozen=True)
class Emulator:
    url: str
    http: httpx.Client

    def script(self, **members: Any) -> None:
        response = self.http.put("/_emulator/script", json=members)
        assert response.status_code == 200, response.text

    def calls(self) -> list[dict[str, Any]]:
        calls: list[dict[str, Any]] = self.http.get("/_emulator/calls").json()
        return calls

    def fresh(self) -> None:
        """Forget script, calls and all that was stored."""
        self.script()
        for namespace in self.http.post("/describe_index_stats", json={}).json()["namespaces"]:
            self.http.post("/vectors/delete", json={"deleteAll": True, "namespace": namespace})
        self.http.delete("/_emulator/calls")


@contextmanager
def running_pinecone(state_file: Path) -> Iterator[Emulator]:
    loop = asyncio.new_event_loop()
    port: Future[int] = Future()
    stop = asyncio.Event()

    async def run() -> None:
        # Else the first search might wait for it.
        importlib.import_module("numpy")
        server = await serve_pinecone(state_file)
        port.set_result(http_server.port_of(server))
        await stop.wait()
        await http_server.close(server)
        await cancel_the_rest()
        await loop.shutdown_default_executor()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    try:
        url = f"http://127.0.0.1:{port.result(timeout=5)}"
        with httpx.Client(base_url=url, trust_env=False, headers={"api-key": "local"}) as http:
            yield Emulator(url, http)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(timeout=20)
        loop.close()
