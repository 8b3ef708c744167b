"""The development server over real sockets."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from local.http_server import BodyTooLarge, ClientGone, Exchange, close, port_of, serve

WAIT_S = 10.0

type Handler = Callable[[Exchange], Awaitable[None]]
type Client = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def talk(handler: Handler, client: Client) -> None:
    """Serve with `handler` while `client` talks over one connection."""

    async def run() -> None:
        server = await serve(handler)
        reader, writer = await asyncio.open_connection("127.0.0.1", port_of(server))
        try:
            await asyncio.wait_for(client(reader, writer), WAIT_S)
        finally:
            writer.close()
            await close(server)

    asyncio.run(run())


def exchange(handler: Handler, request: bytes) -> bytes:
    """Send `request`, end the sending side, and return all that comes back."""
    received = []

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(request)
        received.append(await reader.read())

    talk(handler, client)
    return received[0]


CLOSE = b"Host: a\r\nConnection: close\r\n\r\n"


async def stream(exchange: Exchange) -> None:
    await exchange.start(200)
    for piece in (b"a", b"", b"bc"):
        await exchange.write(piece)
    await exchange.end()


def test_a_body_of_unknown_length_goes_out_chunk_by_chunk() -> None:
    assert exchange(stream, b"GET / HTTP/1.1\r\n" + CLOSE) == (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        b"1\r\na\r\n2\r\nbc\r\n0\r\n\r\n"
    )


def test_an_old_client_gets_the_body_until_the_end_of_the_connection() -> None:
    answer = exchange(stream, b"GET / HTTP/1.0\r\n\r\n")
    assert answer.endswith(b"\r\n\r\nabc")


@pytest.mark.parametrize("status", [204, 304])
def test_a_body_that_is_not_allowed_is_dropped(status: int) -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.start(status)
        await exchange.write(b"body")
        await exchange.end()

    assert exchange(handler, b"GET / HTTP/1.1\r\n" + CLOSE).endswith(b"\r\nConnection: close\r\n\r\n")


def test_the_target_is_left_as_it_was_received() -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.reply_json(200, [exchange.path, exchange.raw_query, exchange.query, exchange.segments])

    answer = exchange(handler, b"GET /a%2Fb/c?x=%20&y= HTTP/1.1\r\n" + CLOSE)
    assert answer.endswith(b'["/a%2Fb/c","x=%20&y=",{"x":" ","y":""},["a/b","c"]]')


def test_trailers_are_known_when_the_body_has_ended() -> None:
    async def handler(exchange: Exchange) -> None:
        body = await exchange.body(limit=10)
        await exchange.reply_json(200, [body.decode(), *exchange.trailers])

    request = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + CLOSE
    answer = exchange(handler, request + b"2\r\nab\r\n1\r\nc\r\n0\r\nX-Error: yes\r\n\r\n")
    assert answer.endswith(b'["abc",["x-error","yes"]]')


def test_each_piece_of_a_body_is_there_before_the_next_is_sent() -> None:
    pieces: asyncio.Queue[bytes] = asyncio.Queue()

    async def handler(exchange: Exchange) -> None:
        async for piece in exchange.chunks():
            await pieces.put(piece)
        await exchange.reply(200)

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        for number in range(3):
            writer.write(b"1\r\n%d\r\n" % number)
            assert await pieces.get() == b"%d" % number
        writer.write(b"0\r\n\r\n")
        assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"

    talk(handler, client)


@pytest.mark.parametrize("rest", [b"5\r\nab", b"zz\r\n", b"2\r\nab\r\n"], ids=["cut", "no-chunk", "no-end"])
def test_a_body_that_breaks_off_is_a_client_that_left(rest: bytes) -> None:
    seen = []

    async def handler(exchange: Exchange) -> None:
        with pytest.raises(ClientGone) as left:
            await exchange.body(limit=100)
        seen.append(left.value)

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + rest)
        writer.write_eof()
        assert await reader.read() == b""

    talk(handler, client)
    assert len(seen) == 1


async def take_ten(exchange: Exchange) -> None:
    try:
        await exchange.body(limit=10)
    except BodyTooLarge:
        await exchange.reply(413)
    else:
        await exchange.reply(200)


def test_a_body_that_is_too_large_is_refused_and_the_connection_goes_on() -> None:
    request = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n12345678901"
    answer = exchange(take_ten, request + b"GET / HTTP/1.1\r\n" + CLOSE)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"HTTP/1.1 200 OK\r\n" in answer


def test_a_client_that_closes_still_sends_all_and_gets_its_refusal() -> None:
    length = 4_000_000
    request = b"POST / HTTP/1.1\r\nContent-Length: %d\r\n" % length + CLOSE + b"x" * length
    assert exchange(take_ten, request).startswith(b"HTTP/1.1 413 ")


def test_a_client_that_waits_for_100_gets_it_when_its_body_is_wanted() -> None:
    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 \r\n\r\n"
        writer.write(b"ab")
        assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"

    talk(take_ten, client)


def test_a_client_that_waits_for_100_and_is_refused_gets_no_second_request() -> None:
    async def refuse(exchange: Exchange) -> None:
        await exchange.reply(401)

    request = b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    answer = exchange(refuse, request)
    assert answer == b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


@pytest.mark.parametrize(
    ("request_bytes", "status", "reason"),
    [
        (b"nonsense\r\n\r\n", 400, b"illegal request line"),
        ("GET /users/jürgen HTTP/1.1\r\n".encode() + CLOSE, 400, b"illegal request line"),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000, 431, b"Receive buffer too long"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n" + CLOSE, 501, b"Transfer-Encoding"),
    ],
    ids=["junk", "raw UTF-8", "a head too large", "another coding"],
)
def test_what_is_not_http_is_refused_with_a_reason(request_bytes: bytes, status: int, reason: bytes) -> None:
    answer = exchange(stream, request_bytes)
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert b"this is no HTTP/1.1 request: " in answer
    assert reason in answer


def test_an_aborted_response_ends_without_its_end_and_keeps_what_was_written() -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.start(200)
        await exchange.write(b"a")
        exchange.abort()

    assert exchange(handler, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").endswith(b"\r\n\r\n1\r\na\r\n")


def test_an_aborted_response_without_framing_is_a_reset() -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.start(200)
        exchange.abort()

    with pytest.raises(ConnectionResetError):
        exchange(handler, b"GET / HTTP/1.0\r\n\r\n")


def test_a_client_that_leaves_is_noticed_and_gets_no_more() -> None:
    left: asyncio.Queue[type[BaseException]] = asyncio.Queue()

    async def handler(exchange: Exchange) -> None:
        await exchange.body(limit=0)
        await exchange.start(200)
        await exchange.gone.wait()
        try:
            await exchange.write(b"late")
        except ClientGone as error:
            await left.put(type(error))
            raise

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        writer.close()
        assert await left.get() is ClientGone

    talk(handler, client)


def test_a_request_that_was_sent_ahead_is_answered_after_the_first() -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.body(limit=0)
        await exchange.reply(200, exchange.path.encode())

    answer = exchange(handler, b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\n" + CLOSE)
    assert [part.rpartition(b"\r\n\r\n")[2] for part in answer.split(b"HTTP/1.1 200")[1:]] == [b"/1", b"/2"]
