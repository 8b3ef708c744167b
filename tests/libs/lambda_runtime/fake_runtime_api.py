"""A Runtime API on real sockets: it hands out invocations and keeps what it is sent, byte for byte.

What it does with an answer is the invocation's `behaviour`, so it can be slow, rude or gone.
"""

import base64
import json
import queue
import socket
import struct
import threading
import time
from collections.abc import Callable
from typing import Any

PATIENCE_S = 10.0

type Behaviour = Callable[["Peer", "Exchange"], None]


class Exchange:
    """One invocation as the API sees it: what was asked, what came back so far."""

    def __init__(self, event: bytes, headers: dict[str, str], behaviour: Behaviour) -> None:
        self.event = event
        self.headers = headers
        self.behaviour = behaviour
        self.hangs_up = False
        self.hung_up = False
        self.path = ""
        self.request_headers: dict[str, str] = {}
        self.chunks: list[bytes] = []
        self.trailers: dict[str, str] = {}
        self.body = b""
        self.posts = 0
        self.ended = False
        self._changed = threading.Condition()

    def note(self, change: Callable[[], object]) -> None:
        """Apply a change and wake whoever waits for one."""
        with self._changed:
            change()
            self._changed.notify_all()

    def wait_for_chunks(self, count: int) -> list[bytes]:
        """Return what has come once there are `count` chunks."""
        self._wait(lambda: len(self.chunks) >= count, f"{count} chunks")
        return list(self.chunks)

    def wait(self) -> "Exchange":
        """Return when the behaviour is done with the answer."""
        self._wait(lambda: self.ended, "the end of the answer")
        return self

    def wait_for_hang_up(self) -> None:
        """Return when the connection that brought the invocation has ended."""
        self._wait(lambda: self.hung_up, "the end of the connection")

    def _wait(self, ready: Callable[[], bool], what: str) -> None:
        with self._changed:
            assert self._changed.wait_for(ready, PATIENCE_S), f"waited for {what} in vain"

    @property
    def prelude(self) -> Any:
        """The first chunk, without its NULs, as JSON."""
        head, nuls, rest = self.chunks[0].partition(b"\0" * 8)
        assert (nuls, rest) == (b"\0" * 8, b"")
        return json.loads(head)

    @property
    def error(self) -> Any:
        """The error that was told, by `/error` or by trailer."""
        encoded = self.trailers.get("lambda-runtime-function-error-body")
        return json.loads(base64.b64decode(encoded) if encoded else self.body)


class Peer:
    """The API's side of one connection."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self._reader = sock.makefile("rb")

    def read_head(self) -> tuple[str, str, dict[str, str]] | None:
        line = self._line()
        if not line:
            return None
        method, path, version = line.split(" ")
        assert version == "HTTP/1.1"
        return method, path, self.read_fields()

    def read_fields(self) -> dict[str, str]:
        fields = {}
        while line := self._line():
            name, _, value = line.partition(": ")
            fields[name.lower()] = value
        return fields

    def read_chunk(self) -> bytes:
        size = int(self._line(), 16)
        data = self._reader.read(size)
        if size:
            assert self._reader.read(2) == b"\r\n"
        return data

    def read_exactly(self, size: int) -> bytes:
        return self._reader.read(size)

    def reply(self, status: int, body: bytes = b"{}", headers: dict[str, str] | None = None) -> None:
        fields = {"Content-Length": str(len(body)), **(headers or {})}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self.socket.sendall(f"HTTP/1.1 {status} Any\r\n{head}\r\n".encode() + body)

    def reset(self) -> None:
        """End the connection the hard way: the other side's next send fails."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self) -> None:
        self._reader.close()
        self.socket.close()

    def _line(self) -> str:
        return self._reader.readline().rstrip(b"\r\n").decode()


def read_request(peer: Peer, exchange: Exchange) -> None:
    """Read an answer to its end."""
    if "transfer-encoding" not in exchange.request_headers:
        exchange.body = peer.read_exactly(int(exchange.request_headers["content-length"]))
        return
    while data := peer.read_chunk():
        exchange.note(lambda data=data: exchange.chunks.append(data))  # type: ignore[misc]
    exchange.trailers = peer.read_fields()


def accept(peer: Peer, exchange: Exchange) -> None:
    """Take the whole answer, as Lambda does."""
    read_request(peer, exchange)
    peer.reply(202)


class FakeRuntimeApi:
    """The server. `invoke` queues an invocation; whichever poller asks first gets it."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._queue: queue.SimpleQueue[Exchange | Callable[[Peer], None] | None] = queue.SimpleQueue()
        self._exchanges: dict[str, Exchange] = {}
        self._peers: list[Peer] = []
        self._threads: list[threading.Thread] = []
        self._idle = threading.Semaphore(0)
        self.init_error = Exchange(b"", {}, accept)
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    @property
    def connections(self) -> int:
        """How many connections were ever opened."""
        return len(self._peers)

    def invoke(
        self,
        event: object = None,
        *,
        raw_event: bytes | None = None,
        behaviour: Behaviour = accept,
        timeout_s: float = 60.0,
        headers: dict[str, str] | None = None,
        hangs_up: bool = False,
    ) -> Exchange:
        """Queue an invocation.

        Shape   `event` leaves as JSON, `raw_event` as it is; `hangs_up` ends the connection after it
        """
        request_id = f"request-{len(self._exchanges) + 1}"
        fields = {
            "Lambda-Runtime-Aws-Request-Id": request_id,
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + timeout_s) * 1000)),
            **(headers or {}),
        }
        body = json.dumps(event).encode() if raw_event is None else raw_event
        exchange = self._exchanges[request_id] = Exchange(body, fields, behaviour)
        exchange.hangs_up = hangs_up
        self._queue.put(exchange)
        return exchange

    def answer_poll(self, answer: Callable[[Peer], None]) -> None:
        """Answer the next poll with something that is no invocation."""
        self._queue.put(answer)

    def wait_for_polls(self, count: int) -> None:
        """Return when `count` more polls have come in."""
        for _ in range(count):
            assert self._idle.acquire(timeout=PATIENCE_S), "nobody polls"

    def stop_listening(self) -> None:
        """Refuse new connections from now on."""
        if self._accepting.is_alive():
            self._listener.shutdown(socket.SHUT_RDWR)
            self._accepting.join(PATIENCE_S)
        self._listener.close()

    def close(self) -> None:
        self.stop_listening()
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join(PATIENCE_S)
            assert not thread.is_alive()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            peer = Peer(sock)
            self._peers.append(peer)
            thread = threading.Thread(target=self._serve, args=(peer,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, peer: Peer) -> None:
        try:
            while head := peer.read_head():
                self._take(peer, *head)
        except (OSError, ValueError):
            pass  # the connection has ended, by whichever side
        finally:
            peer.close()

    def _take(self, peer: Peer, method: str, path: str, headers: dict[str, str]) -> None:
        if (method, path) == ("GET", "/2018-06-01/runtime/invocation/next"):
            self._idle.release()
            self._answer_poll(peer)
            return
        exchange = self.init_error
        if not path.endswith("/init/error"):
            exchange = self._exchanges[path.split("/")[4]]
        exchange.path = path
        exchange.request_headers = headers
        exchange.posts += 1
        try:
            exchange.behaviour(peer, exchange)
        finally:
            exchange.note(lambda: setattr(exchange, "ended", True))

    def _answer_poll(self, peer: Peer) -> None:
        answer = self._queue.get()
        if answer is None:
            peer.close()
        elif isinstance(answer, Exchange):
            peer.reply(200, answer.event, answer.headers)
            if answer.hangs_up:
                peer.close()
                answer.note(lambda: setattr(answer, "hung_up", True))
        else:
            answer(peer)
