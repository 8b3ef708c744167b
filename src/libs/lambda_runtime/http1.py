"""The part of HTTP/1.1 (RFC 9112) that the Runtime API needs, without I/O.

`http.client` would do, but importing it costs 15 ms of every cold start (it brings ssl and email),
and it writes no trailers.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from libs.lambda_runtime.errors import ReplyUnreadable

MAX_LINE_BYTES = 64 * 1024

type Fields = Iterable[tuple[str, str]]


class Reply(NamedTuple):
    """One whole reply; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    keep_alive: bool


def encode_head(method: str, path: str, fields: Fields) -> bytes:
    """Return a request's head, up to and with the empty line."""
    return f"{method} {path} HTTP/1.1\r\n{_lines(fields)}\r\n".encode()


def encode_chunk(data: bytes) -> bytes:
    """Return one chunk of a body. `data` is not empty: an empty chunk is the body's end."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def encode_end(trailers: Fields = ()) -> bytes:
    """Return the last chunk, the trailers and the final empty line."""
    return f"0\r\n{_lines(trailers)}\r\n".encode()


def _lines(fields: Fields) -> str:
    return "".join(f"{name}: {value}\r\n" for name, value in fields)


class ByteSource:
    """Bytes as they arrive, however they were cut, taken by the line or by the count."""

    def __init__(self, receive: Callable[[], bytes]) -> None:
        self._receive = receive
        self._buffer = bytearray()

    @property
    def has_more(self) -> bool:
        """Whether bytes have arrived that nobody has taken."""
        return bool(self._buffer)

    def line(self) -> bytes:
        """Return the next line without its end."""
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > MAX_LINE_BYTES:
                raise ReplyUnreadable(f"a line of the reply is longer than {MAX_LINE_BYTES} bytes")
            self._fill()
        return self.take(end + 1).rstrip(b"\r\n")

    def take(self, count: int) -> bytes:
        """Return exactly `count` bytes."""
        while len(self._buffer) < count:
            self._fill()
        taken = bytes(memoryview(self._buffer)[:count])
        del self._buffer[:count]
        return taken

    def rest(self) -> bytes:
        """Return all bytes until the connection ends."""
        while data := self._receive():
            self._buffer += data
        return self.take(len(self._buffer))

    def _fill(self) -> None:
        data = self._receive()
        if not data:
            raise ReplyUnreadable("the connection ended before the reply was complete")
        self._buffer += data


def read_reply(source: ByteSource) -> Reply:
    """Return the next reply, past any interim (1xx) ones.

    Raises  ReplyUnreadable
    """
    version, status = _read_status(source)
    headers = _read_fields(source)
    while 100 <= status < 200:
        version, status = _read_status(source)
        headers = _read_fields(source)
    body, ends_itself = _read_body(source, status, headers)
    closes = "close" in headers.get("connection", "").lower()
    return Reply(status, headers, body, version == b"HTTP/1.1" and ends_itself and not closes)


def _read_status(source: ByteSource) -> tuple[bytes, int]:
    version, _, rest = source.line().partition(b" ")
    status = rest[:3]
    if not version.startswith(b"HTTP/1.") or len(status) != 3 or not status.isdigit():
        raise ReplyUnreadable("the reply does not begin with an HTTP/1.1 status line")
    return version, int(status)


def _read_fields(source: ByteSource) -> dict[str, str]:
    fields: dict[str, str] = {}
    while line := source.line():
        name, colon, value = line.decode("utf-8", "replace").partition(":")
        if not colon:
            raise ReplyUnreadable("a header of the reply has no colon")
        fields[name.lower()] = value.strip()
    return fields


def _read_body(source: ByteSource, status: int, headers: Mapping[str, str]) -> tuple[bytes, bool]:
    """Return the body, and whether it said itself where it ends (RFC 9112, 6.3)."""
    if status in (204, 304):
        return b"", True
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return _read_chunks(source), True
    length = headers.get("content-length")
    if length is None:
        return source.rest(), False
    if not (length.isascii() and length.isdigit()):
        raise ReplyUnreadable(f"the reply's Content-Length is {length!r}")
    return source.take(int(length)), True


def _read_chunks(source: ByteSource) -> bytes:
    chunks: list[bytes] = []
    while size := _read_chunk_size(source):
        chunks.append(source.take(size))
        if source.line():
            raise ReplyUnreadable("a chunk of the reply is longer than it says")
    _read_fields(source)
    return b"".join(chunks)


def _read_chunk_size(source: ByteSource) -> int:
    text = source.line().partition(b";")[0].strip()
    try:
        # isalnum keeps out what int() would take besides digits: signs, spaces and underscores.
        return int(text, 16) if text.isalnum() else int("")
    except ValueError:
        raise ReplyUnreadable(f"a chunk of the reply has the size {text!r}") from None
