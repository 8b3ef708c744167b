"""An HTTP server that does exactly what it is told, on a real socket: also to fall silent in the middle."""

import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PATIENCE_S: Final = 10.0


@dataclass
class ScriptedServer:
    """Answers the n-th request with the n-th of `answers` and keeps the connection.

    `asked` is set when a request was read whole, and `sent` when its answer has left; `connections`
    counts those that were accepted, and `heads` are those of the requests.
    """

    answers: list[bytes]
    tls: ssl.SSLContext | None = None
    asked: threading.Event = field(default_factory=threading.Event)
    sent: threading.Event = field(default_factory=threading.Event)
    connections: int = 0
    heads: list[bytes] = field(default_factory=list)
    _open: list[socket.socket] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def start(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._begin(self._accept)

    def stop(self) -> None:
        # The listener first: until its thread has ended, a client may still be let in.
        accepting, *_ = self._threads
        _close(self._listener)
        accepting.join(PATIENCE_S)
        for handle in self._open:
            _close(handle)
        for thread in self._threads:
            thread.join(PATIENCE_S)
            assert not thread.is_alive()

    def _begin(self, work: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=work, args=args)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                handle, _ = self._listener.accept()
                self._open.append(handle)
                self.connections += 1
                self._begin(self._serve, handle)

    def _serve(self, handle: socket.socket) -> None:
        with suppress(OSError):
            if self.tls is not None:
                handle = self.tls.wrap_socket(handle, server_side=True)
                self._open.append(handle)
            with handle.makefile("rb") as stream:
                while head := _request_read(stream):
                    self.heads.append(head)
                    self.asked.set()
                    handle.sendall(self.answers.pop(0))
                    self.sent.set()


def _close(handle: socket.socket) -> None:
    with suppress(OSError):
        handle.shutdown(socket.SHUT_RDWR)
    handle.close()


def _request_read(stream: BinaryIO) -> bytes:
    """Read one request and return its head; nothing when the client has gone."""
    length, line, head = 0, b"", b""
    while line != b"\r\n":
        line = stream.readline()
        if not line:
            return b""
        head += line
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return head if len(stream.read(length)) == length else b""


@contextmanager
def serving(*answers: bytes, tls: ssl.SSLContext | None = None) -> Iterator[ScriptedServer]:
    server = ScriptedServer(list(answers), tls)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def http_answer(body: bytes, *, content_type: str) -> bytes:
    """Return a whole answer."""
    head = f"HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def begun_answer(*parts: bytes, content_type: str, ended: bool = False) -> bytes:
    """Return the beginning of a chunked answer, or all of it."""
    head = f"HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ntransfer-encoding: chunked\r\n\r\n".encode()
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
    return head + chunks + (b"0\r\n\r\n" if ended else b"")


def self_signed(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """Return the context of a server on this machine, and the file of the certificate to trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "scripted server")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(private)
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context, folder / "certificate.pem"
