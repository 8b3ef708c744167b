"""A small HTTP/1.1 server for the development stack: asyncio carries the bytes, h11 the protocol.

It exists because the stack needs what web frameworks hide: the raw request target, request trailers,
each chunk as it arrives, a response that ends by abort, and word of a client that left.
"""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote

import h11

type Headers = Iterable[tuple[str, str]]
type Handler = Callable[["Exchange"], Awaitable[None]]

READ_SIZE = 65_536
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class BodyTooLarge(Exception):
    """The request's body is larger than the reader allows."""


class ClientGone(Exception):
    """The peer closed the connection before the exchange ended."""


@dataclass(slots=True)
class Exchange:
    """One request and the response to it.

    Shape   `target` is the request target as received; `path` its part before `?`, still encoded;
            `headers` lower-case names in order of arrival; `trailers` filled when the body has been read
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    _connection: "_Connection"
    trailers: tuple[tuple[str, str], ...] = ()
    started: bool = False
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def raw_query(self) -> str:
        return self.target.partition("?")[2]

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.raw_query, keep_blank_values=True))

    @property
    def segments(self) -> tuple[str, ...]:
        return tuple(unquote(part) for part in self.path.strip("/").split("/"))

    @property
    def client_host(self) -> str:
        return self._connection.peer

    def header(self, name: str, default: str = "") -> str:
        return ", ".join(value for key, value in self.headers if key == name) or default

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the request's body as it arrives; trailers are known when it ends.

        Raises  ClientGone: the peer left in the middle
        """
        while True:
            event = await self._connection.next_event()
            if isinstance(event, h11.Data):
                yield bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                self.trailers = _decoded(event.headers)
                self._connection.watch_for_leaving(self.gone)
                return
            else:
                raise ClientGone

    async def body(self, *, limit: int) -> bytes:
        """Return the whole body. Raises BodyTooLarge over `limit` bytes, ClientGone."""
        parts, size = [], 0
        async for chunk in self.chunks():
            size += len(chunk)
            if size > limit:
                raise BodyTooLarge
            parts.append(chunk)
        return b"".join(parts)

    async def start(self, status: int, headers: Headers = ()) -> None:
        """Send status and headers; without a content-length the body goes out chunked."""
        self.started = True
        reason = HTTPStatus(status).phrase if status in HTTPStatus else ""
        lines = [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers]
        await self._connection.send(h11.Response(status_code=status, headers=lines, reason=reason.encode()))

    async def write(self, data: bytes) -> None:
        """Send one piece of the body at once, as a chunk of its own. Raises ClientGone."""
        if data:
            await self._connection.send(h11.Data(data=data))

    async def end(self) -> None:
        await self._connection.send(h11.EndOfMessage())

    def abort(self) -> None:
        """End the connection so that the client sees a broken response, never a clean end."""
        self._connection.abort()

    async def reply(self, status: int, body: bytes = b"", headers: Headers = ()) -> None:
        """Answer with a body whose length is known."""
        no_body = status in (204, 304) or status < 200
        length = () if no_body else (("content-length", str(len(body))),)
        await self.start(status, (*headers, *length))
        if body and not no_body and self.method != "HEAD":
            await self.write(body)
        await self.end()

    async def reply_json(self, status: int, value: Any, headers: Headers = ()) -> None:
        body = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
        await self.reply(status, body, (*headers, ("content-type", "application/json")))


class _Connection:
    """One client connection: feeds h11 from the socket and writes what h11 makes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.protocol = h11.Connection(h11.SERVER, max_incomplete_event_size=65_536)
        self.peer = str(writer.get_extra_info("peername", ("127.0.0.1",))[0])
        self.aborted = False
        self._watch: asyncio.Task[None] | None = None

    async def next_event(self) -> Any:
        while True:
            event = self.protocol.next_event()
            if event is not h11.NEED_DATA:
                return event
            if self.protocol.they_are_waiting_for_100_continue:
                await self.send(h11.InformationalResponse(status_code=100, headers=[]))
            try:
                data = await self.reader.read(READ_SIZE)
            except OSError as error:
                raise ClientGone from error
            self.protocol.receive_data(data)

    async def send(self, event: Any) -> None:
        try:
            data = self.protocol.send(event)
            if data:
                self.writer.write(data)
                await self.writer.drain()
        except (OSError, h11.LocalProtocolError) as error:
            raise ClientGone from error

    def watch_for_leaving(self, gone: asyncio.Event) -> None:
        """Keep reading while the response is made; end of input means that the client left."""
        self._watch = asyncio.get_running_loop().create_task(self._watch_input(gone))

    async def _watch_input(self, gone: asyncio.Event) -> None:
        with suppress(OSError):
            while data := await self.reader.read(READ_SIZE):
                self.protocol.receive_data(data)
            self.protocol.receive_data(b"")
        gone.set()

    async def stop_watching(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            with suppress(asyncio.CancelledError):
                await self._watch
            self._watch = None

    def abort(self) -> None:
        self.aborted = True
        handle = self.writer.get_extra_info("socket")
        if handle is not None:
            with suppress(OSError):
                handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.writer.transport.abort()


def _decoded(headers: Iterable[tuple[bytes, bytes]]) -> tuple[tuple[str, str], ...]:
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)


async def serve(handler: Handler, *, port: int = 0, host: str = "127.0.0.1") -> asyncio.Server:
    """Listen and answer each request with `handler`; port 0 picks a free one (see `port_of`).

    Raises  OSError: the port is taken
    """

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = _Connection(reader, writer)
        handle = writer.get_extra_info("socket")
        handle.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            while await _one_exchange(connection, handler):
                connection.protocol.start_next_cycle()
        except (ClientGone, h11.RemoteProtocolError, OSError):
            connection.aborted = True
        finally:
            await connection.stop_watching()
            writer.close()

    return await asyncio.start_server(connected, host, port, backlog=512)


async def _one_exchange(connection: _Connection, handler: Handler) -> bool:
    """Serve one request; True when the connection can carry another."""
    request = await connection.next_event()
    if not isinstance(request, h11.Request):
        return False
    exchange = Exchange(
        request.method.decode(),
        request.target.decode("latin-1"),
        _decoded(request.headers),
        connection,
    )
    await handler(exchange)
    if connection.aborted:
        return False
    await connection.stop_watching()
    if connection.protocol.their_state is h11.SEND_BODY:
        with suppress(ClientGone):
            async for _ in exchange.chunks():
                pass
        await connection.stop_watching()
    return connection.protocol.our_state is h11.DONE and connection.protocol.their_state is h11.DONE


def port_of(server: asyncio.Server) -> int:
    """Return the port that `server` listens on."""
    return int(server.sockets[0].getsockname()[1])
