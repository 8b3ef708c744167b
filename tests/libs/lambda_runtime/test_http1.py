"""Bytes in, replies out: whole, byte by byte, and with something else behind."""

from collections.abc import Iterable

import pytest

from libs.lambda_runtime.errors import ReplyUnreadable
from libs.lambda_runtime.http1 import ByteSource, Reply, encode_chunk, encode_end, encode_head, read_reply

REPLIES = [
    (
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX-Id:  a:b \r\n\r\nabc",
        Reply(200, {"content-length": "3", "x-id": "a:b"}, b"abc", True),
    ),
    (
        b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\nConnection: Close\r\n\r\n",
        Reply(202, {"content-length": "0", "connection": "Close"}, b"", False),
    ),
    (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3\r\nabc\r\nA;x=1\r\n0123456789\r\n0\r\nT: 1\r\n\r\n",
        Reply(200, {"transfer-encoding": "chunked"}, b"abc0123456789", True),
    ),
    (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 204 None\r\n\r\n",
        Reply(204, {}, b"", True),
    ),
    (b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", Reply(200, {"content-length": "1"}, b"x", False)),
    (b"HTTP/1.1 200\nContent-Length: 1\n\nx", Reply(200, {"content-length": "1"}, b"x", True)),
    (
        "HTTP/1.1 200 OK\r\nX: Größe\r\nContent-Length: 0\r\n\r\n".encode(),
        Reply(200, {"x": "Größe", "content-length": "0"}, b"", True),
    ),
]


def source_of(pieces: Iterable[bytes]) -> ByteSource:
    arriving = iter(pieces)
    return ByteSource(lambda: next(arriving, b""))


@pytest.mark.parametrize(("data", "reply"), REPLIES)
def test_a_reply_is_read_whole(data: bytes, reply: Reply) -> None:
    source = source_of([data])

    assert read_reply(source) == reply
    assert not source.has_more


@pytest.mark.parametrize(("data", "reply"), REPLIES)
def test_a_reply_is_read_byte_by_byte(data: bytes, reply: Reply) -> None:
    assert read_reply(source_of(data[i : i + 1] for i in range(len(data)))) == reply


@pytest.mark.parametrize(("data", "reply"), REPLIES)
def test_what_follows_a_reply_is_left_and_noticed(data: bytes, reply: Reply) -> None:
    source = source_of([data + b"HTTP/1.1 200 OK\r\n"])

    assert read_reply(source) == reply
    assert source.has_more


@pytest.mark.parametrize(("data", "reply"), REPLIES)
def test_a_reply_cut_anywhere_is_unreadable(data: bytes, reply: Reply) -> None:
    for end in range(len(data)):
        with pytest.raises(ReplyUnreadable):
            read_reply(source_of([data[:end]]))


def test_a_reply_without_a_length_ends_with_its_connection() -> None:
    data = b"HTTP/1.1 200 OK\r\n\r\nall "

    assert read_reply(source_of([data, b"of it"])) == Reply(200, {}, b"all of it", False)


@pytest.mark.parametrize(
    "data",
    [
        b"220 smtp.example ready\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0_3\r\nabc\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\nabc\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n",
    ],
)
def test_what_is_not_http_is_unreadable(data: bytes) -> None:
    with pytest.raises(ReplyUnreadable):
        read_reply(source_of(data[i : i + 1000] for i in range(0, len(data), 1000)))


def test_requests_are_written_as_the_standard_says() -> None:
    assert encode_head("GET", "/next", [("Host", "a:1"), ("X", "y")]) == (
        b"GET /next HTTP/1.1\r\nHost: a:1\r\nX: y\r\n\r\n"
    )
    assert encode_chunk(b"x" * 26) == b"1a\r\n" + b"x" * 26 + b"\r\n"
    assert encode_end() == b"0\r\n\r\n"
    assert encode_end([("A", "1"), ("B", "2")]) == b"0\r\nA: 1\r\nB: 2\r\n\r\n"
