"""A function's stand-in on a real socket: it answers every request with the bytes of a script."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from local.http_server import Exchange, close, port_of, serve


@dataclass
class Script:
    """What is answered, and what was asked."""

    status: int = 200
    content_type: str = "text/event-stream"
    pieces: tuple[bytes, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    breaks_off: bool = False
    asked: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)

    async def answer(self, exchange: Exchange) -> None:
        body = await exchange.body(limit=1_000_000)
        self.asked.append((exchange.method, exchange.path, dict(exchange.headers), body))
        await exchange.start(self.status, (("content-type", self.content_type), *self.headers))
        for piece in self.pieces:
            await exchange.write(piece)
        if self.breaks_off:
            exchange.abort()
        else:
            await exchange.end()


@contextmanager
def served(script: Script) -> Iterator[str]:
    """Serve `script` from a thread of its own; gives the address."""
    loop, address = asyncio.new_event_loop(), ""
    started, stop = threading.Event(), asyncio.Event()

    async def run() -> None:
        nonlocal address
        server = await serve(script.answer)
        address = f"http://127.0.0.1:{port_of(server)}"
        started.set()
        await stop.wait()
        await close(server)

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    started.wait()
    try:
        yield address
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()
