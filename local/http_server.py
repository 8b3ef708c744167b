"""A small HTTP/1.1 server for the development stack: asyncio carries the bytes, h11 the protocol.

It exists because the stack needs what web frameworks hide: the raw request target, request trailers,
each chunk as it arrives, a response that ends by abort, and word of a client that left.
"""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote

import h11

from local.http_connection import ClientGone, Connection, Framing, decoded

__all__ = ["BodyTooLarge", "ClientGone", "Exchange", "close", "port_of", "serve"]

type Headers = Iterable[tuple[str, str]]
type Handler = Callable[["Exchange"], Awaitable[None]]


class BodyTooLarge(Exception):
    """The request's body is larger than the reader allows."""


@dataclass(slots=True)
class Exchange:
    """One request and the response to it.

    Shape   `target` is the request target as received; `path` its part before `?`, still encoded;
            `headers` lower-case names in order of arrival; `trailers` filled when the body has been read;
            `gone` set when the client left after its request was read
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    _connection: Connection
    trailers: tuple[tuple[str, str], ...] = ()
    started: bool = False
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    _framing: Framing = "none"

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

        Shape   what one read of the socket brought is one piece, however many chunks it held
        Raises  ClientGone: the peer left or broke the protocol in the middle
        """
        while True:
            data, end = await self._connection.next_body()
            if data:
                yield data
            if end is not None:
                self.trailers = decoded(end.headers)
                self._connection.watch_for_leaving(self.gone)
                return

    async def body(self, *, limit: int) -> bytes:
        """Return the whole body.

        Raises  BodyTooLarge: over `limit` bytes, known before reading where the length is announced;
                ClientGone
        """
        if int(self.header("content-length", "0")) > limit:
            raise BodyTooLarge
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
        lines = [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers]
        if self._connection.protocol.they_are_waiting_for_100_continue:
            # RFC 9110 10.1.1: who answers without 100 may never get the body, so no request can follow
            lines.append((b"connection", b"close"))
            self._connection.awaits_body = False
        self._framing = self._connection.framing(self.method, status, lines)
        reason = HTTPStatus(status).phrase if status in HTTPStatus else ""
        await self._connection.send(h11.Response(status_code=status, headers=lines, reason=reason.encode()))

    async def write(self, data: bytes) -> None:
        """Send one piece of the body at once, as a chunk of its own; dropped where a body is not allowed.

        Raises  ClientGone
        """
        if not data or self._framing == "none":
            return
        if self.gone.is_set():
            raise ClientGone
        if self._framing == "chunked":
            await self._connection.send_raw(b"%x\r\n%b\r\n" % (len(data), data))
        else:
            await self._connection.send(h11.Data(data=data))

    async def end(self) -> None:
        await self._connection.send(h11.EndOfMessage())

    def abort(self) -> None:
        """End the connection so that the client sees a broken response, never a clean end.

        What was written before still arrives, unless the client was too slow to take it.
        """
        self._connection.abort(reset=self._framing in ("none", "close"))

    async def reply(self, status: int, body: bytes = b"", headers: Headers = ()) -> None:
        """Answer with a body whose length is known."""
        no_body = status in (204, 304) or status < 200
        length = () if no_body else (("content-length", str(len(body))),)
        await self.start(status, (*headers, *length))
        await self.write(body)
        await self.end()

    async def reply_json(self, status: int, value: Any, headers: Headers = ()) -> None:
        body = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
        await self.reply(status, body, (*headers, ("content-type", "application/json")))


async def serve(handler: Handler, *, port: int = 0, host: str = "127.0.0.1") -> asyncio.Server:
    """Listen and answer each request with `handler`; port 0 picks a free one (see `port_of`).

    Raises  OSError: the port is taken
    """

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(reader, writer)
        handle = writer.get_extra_info("socket")
        handle.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            while await _one_exchange(connection, handler):
                connection.protocol.start_next_cycle()
        except h11.RemoteProtocolError as error:
            await _refuse(connection, error)
        except (ClientGone, OSError):
            connection.aborted = True
        finally:
            await connection.stop_watching()
            writer.close()

    server = await asyncio.start_server(connected, host, port, backlog=512, start_serving=False)
    try:
        await server.start_serving()
    except BaseException:  # cancelled: nobody else knows the server
        server.close()
        raise
    return server


async def _refuse(connection: Connection, error: h11.RemoteProtocolError) -> None:
    """Answer what is not HTTP with 400, 431 or 501 and a reason, where an answer is still possible."""
    if connection.protocol.our_state in (h11.IDLE, h11.SEND_RESPONSE):
        status = HTTPStatus(error.error_status_hint)
        body = json.dumps({"message": f"this is no HTTP/1.1 request: {error}"}).encode()
        length = ("content-length", str(len(body)))
        headers = [("content-type", "application/json"), length, ("connection", "close")]
        answer = h11.Response(status_code=status, headers=headers, reason=status.phrase.encode())
        with suppress(ClientGone):
            for event in (answer, h11.Data(data=body), h11.EndOfMessage()):
                await connection.send(event)


async def _one_exchange(connection: Connection, handler: Handler) -> bool:
    """Serve one request; True when the connection can carry another."""
    request = await connection.next_event()
    if not isinstance(request, h11.Request):
        return False
    exchange = Exchange(
        request.method.decode(),
        request.target.decode("latin-1"),
        decoded(request.headers),
        connection,
    )
    await handler(exchange)
    if connection.aborted:
        return False
    await connection.stop_watching()
    if connection.awaits_body and connection.protocol.their_state is h11.SEND_BODY:
        # closing with input unread would reset the connection, and the client might lose the response
        async for _ in exchange.chunks():
            pass
        await connection.stop_watching()
    return connection.protocol.our_state is h11.DONE and connection.protocol.their_state is h11.DONE


async def close(server: asyncio.Server) -> None:
    """Stop listening and break what connections are left."""
    server.close()
    server.abort_clients()
    await server.wait_closed()


def port_of(server: asyncio.Server) -> int:
    """Return the port that `server` listens on."""
    return int(server.sockets[0].getsockname()[1])
