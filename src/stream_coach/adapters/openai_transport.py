"""The openai SDK's connections, so that calls over them can be ended from another thread (`abandonable`)."""

import socket
import ssl
from collections.abc import Iterable
from typing import Any

import httpcore2
import httpx2

from stream_coach.adapters.abandonable import announce

type _SocketOption = tuple[int, int, int] | tuple[int, int, bytes] | tuple[int, int, None, int]

KEEP_ALIVE: Iterable[_SocketOption] = ((socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),)


def http_client(*, connect_timeout_s: float, read_timeout_s: float, max_connections: int) -> httpx2.Client:
    """Return a client that follows no redirect: an address comes from the settings and from nowhere else."""
    limits = httpx2.Limits(max_connections=max_connections, max_keepalive_connections=max_connections)
    transport = httpx2.HTTPTransport(limits=limits, socket_options=list(KEEP_ALIVE))
    transport._pool._network_backend = _Backend()
    timeout = httpx2.Timeout(read_timeout_s, connect=connect_timeout_s)
    return httpx2.Client(transport=transport, timeout=timeout, follow_redirects=False)


class _Backend(httpcore2.SyncBackend):
    def connect_tcp(self, *args: Any, **kwargs: Any) -> httpcore2.NetworkStream:
        return _Stream(super().connect_tcp(*args, **kwargs))


class _Stream(httpcore2.NetworkStream):
    """A connection that says which socket is about to be waited on, whenever one is."""

    def __init__(self, stream: httpcore2.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        announce(self._stream.get_extra_info("socket"))
        return self._stream.read(max_bytes, timeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        announce(self._stream.get_extra_info("socket"))
        self._stream.write(buffer, timeout)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
