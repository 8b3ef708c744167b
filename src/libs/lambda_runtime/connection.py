"""One keep-alive connection to the Runtime API, on which no wait outlives its deadline."""

import select
import socket
import time

from libs.lambda_runtime.errors import (
    AnsweredEarly,
    ConnectionBroken,
    DeadlinePassed,
    ExchangeFailed,
    ReplyUnreadable,
)
from libs.lambda_runtime.http1 import ByteSource, Reply, read_reply

FOREVER = float("inf")
CONNECT_TIMEOUT_S = 5.0
EARLY_REPLY_TIMEOUT_S = 0.5
LONGEST_WAIT_MS = 2**31 - 1  # what poll takes; some emulators set deadlines years ahead
RECEIVE_BYTES = 64 * 1024


class Connection:
    """A socket that is opened when first needed, and opened afresh after any failure.

    Units   deadlines are seconds of `time.monotonic`
    Raises  ExchangeFailed, after dropping the socket: what is left on it belongs to nobody
    """

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._socket: socket.socket | None = None

    def begin(self, head: bytes, *, deadline_s: float) -> None:
        """Send the first bytes of a request, on a fresh socket if the last one is not clean."""
        # Between requests nothing may arrive: if something did, it is the end of the
        # connection or the rest of a reply that nobody asked for.
        if self._socket is not None and _wait(self._socket, select.POLLIN, timeout_s=0):
            self.drop()
        if self._socket is None:
            self._socket = self._open()
        self.send(head, deadline_s=deadline_s)

    def send(self, data: bytes, *, deadline_s: float) -> None:
        """Send all of `data`: in one syscall as long as the receiver keeps up."""
        try:
            # MSG_DONTWAIT rather than a timeout on the socket, which would poll before each send.
            sent = self._opened().send(data, socket.MSG_DONTWAIT)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            raise self._failed(_broken(error)) from error
        if sent < len(data):
            self._send_rest(memoryview(data)[sent:], deadline_s=deadline_s)

    def end(self, data: bytes, *, deadline_s: float) -> None:
        """Send a request's last bytes, unless its reply has come before them."""
        # Whoever replied early may read these bytes as the next request.
        if _wait(self._opened(), select.POLLIN, timeout_s=0):
            raise self._early_reply()
        self.send(data, deadline_s=deadline_s)

    def wait_for_reply(self, interrupt: int) -> bool:
        """Wait, without end, for a reply; return False once the file `interrupt` is readable instead."""
        poll = select.poll()
        poll.register(self._opened(), select.POLLIN)
        poll.register(interrupt, select.POLLIN)
        return any(file != interrupt for file, _ in poll.poll())

    def read(self, *, deadline_s: float) -> Reply:
        """Return the reply to the request that was sent."""
        source = ByteSource(lambda: self._receive(deadline_s))
        try:
            reply = read_reply(source)
        except ReplyUnreadable as failure:
            raise self._failed(failure) from None
        if source.has_more or not reply.keep_alive:
            self.drop()
        return reply

    def drop(self) -> None:
        """Close the socket; the next request opens another."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _open(self) -> socket.socket:
        # Not socket.create_connection: its getaddrinfo imports the IDNA codec, 4 ms of a cold start.
        sock = socket.socket(socket.AF_INET6 if ":" in self._host else socket.AF_INET)
        try:
            sock.settimeout(CONNECT_TIMEOUT_S)
            sock.connect((self._host, self._port))
            sock.settimeout(None)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            sock.close()
            raise _broken(error) from error
        return sock

    def _opened(self) -> socket.socket:
        if self._socket is None:
            raise ConnectionBroken("the connection was dropped earlier in this request")
        return self._socket

    def _send_rest(self, rest: memoryview, *, deadline_s: float) -> None:
        sock = self._opened()
        while rest:
            ready = _wait(sock, select.POLLIN | select.POLLOUT, timeout_s=deadline_s - time.monotonic())
            if not ready:
                raise self._failed(DeadlinePassed("the Runtime API took no more bytes until the deadline"))
            if ready != select.POLLOUT:
                raise self._early_reply()
            try:
                rest = rest[sock.send(rest, socket.MSG_DONTWAIT) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise self._failed(_broken(error)) from error

    def _receive(self, deadline_s: float) -> bytes:
        sock = self._opened()
        if not _wait(sock, select.POLLIN, timeout_s=deadline_s - time.monotonic()):
            raise self._failed(DeadlinePassed("the Runtime API gave no reply until the deadline"))
        try:
            return sock.recv(RECEIVE_BYTES)
        except OSError as error:
            raise self._failed(_broken(error)) from error

    def _early_reply(self) -> ExchangeFailed:
        """Return what the Runtime API wants to say instead of reading on."""
        try:
            reply = self.read(deadline_s=time.monotonic() + EARLY_REPLY_TIMEOUT_S)
        except ExchangeFailed as failure:
            return failure
        return self._failed(AnsweredEarly(f"the Runtime API replied {reply.status} before the request's end"))

    def _failed(self, failure: ExchangeFailed) -> ExchangeFailed:
        self.drop()
        return failure


def _wait(sock: socket.socket, events: int, *, timeout_s: float) -> int:
    """Return which of `events`, or an end or error, has come to `sock`; 0 after the timeout."""
    poll = select.poll()
    poll.register(sock, events)
    timeout_ms = None if timeout_s == FOREVER else min(max(0.0, timeout_s * 1000), LONGEST_WAIT_MS)
    ready = poll.poll(timeout_ms)
    return ready[0][1] if ready else 0


def _broken(error: OSError) -> ConnectionBroken:
    return ConnectionBroken(f"the connection to the Runtime API broke: {error.strerror or error}")
