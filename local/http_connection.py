"""One client connection of the development server: feeds h11 from the socket and writes what h11 makes."""

import asyncio
import socket
import struct
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Literal

import h11

READ_SIZE = 65_536
MAX_READ_AHEAD = 1_048_576
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class ClientGone(Exception):
    """The peer closed or broke the connection before the exchange ended."""


type Framing = Literal["none", "length", "chunked", "close"]


class Connection:
    """One client connection: feeds h11 from the socket and writes what h11 makes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.protocol = h11.Connection(h11.SERVER, max_incomplete_event_size=65_536)
        self.peer = str(writer.get_extra_info("peername", ("127.0.0.1",))[0])
        self.aborted = False
        self.awaits_body = True
        self._watch: asyncio.Task[None] | None = None

    async def next_event(self) -> Any:
        """Return h11's next event. Raises ClientGone, h11.RemoteProtocolError."""
        while True:
            event = self.protocol.next_event()
            if event is not h11.NEED_DATA:
                return event
            await self._read_more()

    async def next_body(self) -> tuple[bytes, h11.EndOfMessage | None]:
        """Return the part of the body that is there, at least a byte or the end. Raises ClientGone."""
        parts: list[bytes] = []
        while True:
            try:
                event = self.protocol.next_event()
            except h11.RemoteProtocolError as error:
                raise ClientGone from error
            if isinstance(event, h11.Data):
                parts.append(event.data)
            elif isinstance(event, h11.EndOfMessage):
                return b"".join(parts), event
            elif event is not h11.NEED_DATA:
                raise ClientGone
            elif parts:
                return b"".join(parts), None
            else:
                await self._read_more()

    async def _read_more(self) -> None:
        if self.protocol.they_are_waiting_for_100_continue:
            await self.send(h11.InformationalResponse(status_code=100, headers=[]))
        try:
            data = await self.reader.read(READ_SIZE)
        except OSError as error:
            raise ClientGone from error
        self.protocol.receive_data(data)

    def framing(self, method: str, status: int, headers: Iterable[tuple[bytes, bytes]]) -> Framing:
        """Return how h11 will delimit the body of a response."""
        if method == "HEAD" or status in (204, 304):
            return "none"
        if any(name.lower() == b"content-length" for name, _ in headers):
            return "length"
        return "chunked" if (self.protocol.their_http_version or b"") >= b"1.1" else "close"

    async def send(self, event: Any) -> None:
        data = self.protocol.send(event)
        if data:
            await self.send_raw(data)

    async def send_raw(self, data: bytes) -> None:
        if self.writer.is_closing():
            raise ClientGone
        try:
            self.writer.write(data)
            await self.writer.drain()
        except OSError as error:
            raise ClientGone from error

    def watch_for_leaving(self, gone: asyncio.Event) -> None:
        """Keep reading while the response is made; end of input means that the client left.

        What arrives is the next request, sent ahead; a client that sends too much of it is left waiting.
        """
        self._watch = asyncio.get_running_loop().create_task(self._watch_input(gone))

    async def _watch_input(self, gone: asyncio.Event) -> None:
        ahead = 0
        with suppress(OSError):
            while data := await self.reader.read(READ_SIZE):
                self.protocol.receive_data(data)
                ahead += len(data)
                if ahead > MAX_READ_AHEAD:
                    return
            self.protocol.receive_data(b"")
        gone.set()

    async def stop_watching(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            with suppress(asyncio.CancelledError):
                await self._watch
            self._watch = None

    def abort(self, *, reset: bool) -> None:
        self.aborted = True
        if not reset and not self.writer.transport.get_write_buffer_size():
            self.writer.close()  # all is with the kernel: it arrives, then the end that comes too early
            return
        handle = self.writer.get_extra_info("socket")
        if handle is not None:
            with suppress(OSError):
                handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.writer.transport.abort()


def decoded(headers: Iterable[tuple[bytes, bytes]]) -> tuple[tuple[str, str], ...]:
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)
