"""A Runtime API that only takes the time: one child, one invocation after the other."""

import json
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

EVENT: Final = b"{}"
WAIT_S: Final = 30.0
_END: Final = b"\r\n0\r\n"
_ACCEPTED: Final = b'HTTP/1.1 202 Accepted\r\nContent-Length: 15\r\n\r\n{"status":"OK"}'


class Timing(NamedTuple):
    """When the first byte of an answer and when its end came, since the event was handed out."""

    first_us: float
    all_us: float


class Child:
    """A runtime as a child process, and how long it took until it asked for work."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self._server.settimeout(WAIT_S)
        port = self._server.getsockname()[1]
        begun_s = time.perf_counter()
        self._process = subprocess.Popen(
            command,
            env={**environment, "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._connection, _ = self._server.accept()
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._read_until(b"\r\n\r\n")
        self.ready_ms = (time.perf_counter() - begun_s) * 1000

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        self._connection.close()
        self._server.close()

    @property
    def memory_mb(self) -> float:
        """The most memory that the child has had; Linux only."""
        status = Path(f"/proc/{self._process.pid}/status")
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024

    def invoke(self) -> Timing:
        """Hand out one event and read the streamed answer to its end and the next question."""
        deadline_ms = int((time.time() + 300) * 1000)
        head = (
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            f"Lambda-Runtime-Aws-Request-Id: {time.perf_counter_ns()}\r\n"
            f"Lambda-Runtime-Deadline-Ms: {deadline_ms}\r\nContent-Length: {len(EVENT)}\r\n\r\n"
        )
        begun_s = time.perf_counter()
        self._connection.sendall(head.encode() + EVENT)
        data = self._connection.recv(1_048_576)
        first_s = time.perf_counter()
        tail = data
        while _END not in tail:
            data = self._connection.recv(1_048_576)
            tail = tail[-8:] + data
        ended_s = time.perf_counter()
        self._connection.sendall(_ACCEPTED)
        self._read_until(b"\r\n\r\n")
        return Timing((first_s - begun_s) * 1e6, (ended_s - begun_s) * 1e6)

    def _read_until(self, mark: bytes) -> None:
        data = b""
        while mark not in data:
            received = self._connection.recv(65_536)
            if not received:
                raise RuntimeError(f"the child ended: {json.dumps(self._process.args)}")
            data += received
