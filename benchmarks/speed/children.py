"""What runs in the children: the same stream by our runtime, and by a bare socket that does nothing else."""

import os
import socket
from collections.abc import Iterator
from typing import Final

CHUNKS: Final = 4_000
CHUNK: Final = (
    b'id: 1aca06b8a5f27ab31169682ee176d79a.17\ndata: {"type":"chunk","content":"Brace before you "}\n\n'
)


def handler(_event: object, _context: object) -> Iterator[bytes]:
    """Stream the chunks; what our runtime runs."""
    for _ in range(CHUNKS):
        yield CHUNK


def stream_by_hand() -> None:
    """Answer invocations over a raw socket: one `send` a chunk, and no more than HTTP demands."""
    host, _, port = os.environ["AWS_LAMBDA_RUNTIME_API"].partition(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            connection.sendall(b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n")
            head = connection.recv(65_536)
            request_id = head.partition(b"Request-Id: ")[2].partition(b"\r\n")[0]
            connection.sendall(
                b"POST /2018-06-01/runtime/invocation/" + request_id + b"/response HTTP/1.1\r\nHost: x\r\n"
                b"Transfer-Encoding: chunked\r\n\r\n"
            )
            for _ in range(CHUNKS):
                connection.sendall(b"%x\r\n%b\r\n" % (len(CHUNK), CHUNK))
            connection.sendall(b"0\r\n\r\n")
            connection.recv(65_536)


if __name__ == "__main__":
    stream_by_hand()
