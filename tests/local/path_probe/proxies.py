"""A server that says when it sends each word, and proxies that hold its bytes back as real ones do."""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from local.http_server import Exchange, close, port_of, serve

WORDS = 12
DELAY_S = 0.1

type Pump = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def say_words(exchange: Exchange) -> None:
    """Answer as the word probe does; `?plain` without the times, `?delay=` with another pause."""
    delay_s = float(exchange.query.get("delay", DELAY_S))
    await exchange.start(200, (("content-type", "application/x-ndjson"), ("connection", "close")))
    for number in range(1, 10_000 if "endless" in exchange.query else WORDS + 1):
        if number > 1:
            await asyncio.sleep(delay_s)
        line = {"type": "word", "sequence": number, "timestamp": datetime.now(UTC).isoformat()}
        if "plain" in exchange.query:
            del line["timestamp"]
        await exchange.write(json.dumps(line).encode() + b"\n")
    await exchange.end()


def holding(size: int | None, *, first_only: bool = False) -> Pump:
    """Return what passes bytes on when `size` of them are together, None: all at the end.

    Shape   `first_only` holds back only until the first `size` bytes are there, as Lambda is said to
    """

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held, opened = b"", False
        while data := await reader.read(65_536):
            held += data
            if (opened and first_only) or (size is not None and len(held) >= size):
                writer.write(held)
                held, opened = b"", True
        writer.write(held)

    return pump


async def passing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()


@contextmanager
def proxied(pump: Pump) -> Iterator[str]:
    """Serve the words behind a proxy until the block ends; gives the proxy's address."""
    loop, ready, stop = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    address = ""

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
        behind, onward = await asyncio.open_connection("127.0.0.1", port)
        onward.write(await reader.readuntil(b"\r\n\r\n"))
        try:
            await pump(behind, writer)
            await writer.drain()
        except OSError:
            pass
        finally:
            onward.close()
            with suppress(OSError):
                await onward.wait_closed()
            writer.close()

    async def run() -> None:
        nonlocal address
        origin = await serve(say_words)
        proxy = await asyncio.start_server(
            lambda reader, writer: relay(reader, writer, port_of(origin)), "127.0.0.1"
        )
        address = f"http://127.0.0.1:{port_of(proxy)}"
        ready.set()
        await stop.wait()
        proxy.close()
        proxy.close_clients()
        await proxy.wait_closed()
        await close(origin)
        await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()}, return_exceptions=True)

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    ready.wait()
    try:
        yield address
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()
