"""Calls that can be ended from another thread: the socket that a call waits on is known and shut down.

botocore offers no way to end a call, and closing a socket from another thread does not wake a blocked
read; shutting it down does. So the client's connections tell the call of the current thread which
socket they are about to wait on. `openai_transport` does the same for the openai SDK's connections.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from botocore.awsrequest import (
    AWSHTTPConnection,
    AWSHTTPConnectionPool,
    AWSHTTPSConnection,
    AWSHTTPSConnectionPool,
)

_waiting = threading.local()


class Socket:
    """The socket of one call, once there is one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._shut = False

    @contextmanager
    def tracked(self) -> Iterator[None]:
        """Within this block, requests of the current thread are this call's."""
        _waiting.call = self
        try:
            yield
        finally:
            _waiting.call = None

    def use(self, handle: socket.socket) -> None:
        with self._lock:
            self._socket = handle
            if self._shut:
                _shut_down(handle)

    def release(self) -> None:
        """The answer was read whole: the connection is the next call's now, and none of our business."""
        with self._lock:
            self._socket = None

    def shut_down(self) -> None:
        """Wake whoever waits on the socket with an error; once, now or as soon as there is one."""
        with self._lock:
            self._shut = True
            if self._socket is not None:
                _shut_down(self._socket)


def _shut_down(handle: socket.socket) -> None:
    # TCP alone: an SSLSocket's own shutdown takes its TLS state away under whoever is reading.
    with suppress(OSError):
        socket.socket.shutdown(handle, socket.SHUT_RDWR)


class _Connection(AWSHTTPConnection):
    def getresponse(self, *args: Any, **kwargs: Any) -> Any:
        announce(self.sock)
        return super().getresponse(*args, **kwargs)


class _TlsConnection(AWSHTTPSConnection):
    def getresponse(self, *args: Any, **kwargs: Any) -> Any:
        announce(self.sock)
        return super().getresponse(*args, **kwargs)


class _Pool(AWSHTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(AWSHTTPSConnectionPool):
    ConnectionCls = _TlsConnection


def announce(handle: socket.socket | None) -> None:
    """Tell the current thread's call, if it is tracked, which socket it is about to wait on."""
    call: Socket | None = getattr(_waiting, "call", None)
    if call is not None and handle is not None:
        call.use(handle)


def track_sockets(client: Any) -> None:
    """Make a botocore client's connections tell `Socket`s about theirs."""
    manager = client._endpoint.http_session._manager
    manager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
