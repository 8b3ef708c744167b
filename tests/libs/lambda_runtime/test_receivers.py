"""Receivers that leave, stall, answer too soon or answer nonsense, and the invocation after them."""

import itertools
import json
import threading
import time
from collections.abc import Iterator

import pytest

from libs.lambda_runtime import Context, StreamingResponse
from tests.libs.lambda_runtime.conftest import Runtime
from tests.libs.lambda_runtime.fake_runtime_api import (
    PATIENCE_S,
    Behaviour,
    Exchange,
    FakeRuntimeApi,
    Peer,
    accept,
    read_request,
)

MEGABYTE = b"x" * 1_000_000


class Turn:
    """A handler, and the body of its answer, which goes on until it is closed."""

    def __init__(self, item: bytes = b"delta", *, items: int | None = None) -> None:
        self.closed = threading.Event()
        self._items = itertools.repeat(item) if items is None else itertools.repeat(item, items)

    def __call__(self, event: object, context: Context) -> object:
        return {"intact": True} if event == "next" else StreamingResponse(body=self)

    def __iter__(self) -> Iterator[bytes]:
        return self._items

    def close(self) -> None:
        self.closed.set()


def leave(peer: Peer, exchange: Exchange) -> None:
    peer.read_chunk()
    peer.reset()


def leave_politely(peer: Peer, exchange: Exchange) -> None:
    peer.read_chunk()
    peer.close()


def leave_before_the_prelude(peer: Peer, exchange: Exchange) -> None:
    peer.reset()


def assert_next_is_intact(api: FakeRuntimeApi) -> None:
    assert api.invoke("next").wait().body == b'{"intact":true}'


def logged(capfd: pytest.CaptureFixture[str]) -> list[tuple[str, str]]:
    lines = map(json.loads, capfd.readouterr().err.splitlines())
    return [(line["event"], line["reason"]) for line in lines]


@pytest.mark.parametrize("behaviour", [leave, leave_politely, leave_before_the_prelude])
def test_a_receiver_that_leaves_ends_the_sending_and_closes_the_body(
    api: FakeRuntimeApi, runtime: Runtime, behaviour: Behaviour, capfd: pytest.CaptureFixture[str]
) -> None:
    turn = Turn()
    runtime.start(turn)
    left = api.invoke(behaviour=behaviour)

    assert turn.closed.wait(PATIENCE_S)
    assert_next_is_intact(api)
    assert (left.posts, api.connections) == (1, 2)
    assert [event for event, _ in logged(capfd)] == ["answer_not_delivered"]


def test_a_body_may_finish_its_work_while_it_is_closed(api: FakeRuntimeApi, runtime: Runtime) -> None:
    closing, gate, saved = threading.Event(), threading.Event(), threading.Event()

    def body() -> Iterator[bytes]:
        try:
            while True:
                yield b"delta"
        finally:
            closing.set()
            assert gate.wait(PATIENCE_S)
            saved.set()

    runtime.start(lambda event, context: StreamingResponse(body=body()) if event else saved.is_set())
    api.invoke(True, behaviour=leave)
    after = api.invoke(False)

    assert closing.wait(PATIENCE_S)
    assert not after.posts
    gate.set()
    assert after.wait().body == b"true"


def test_an_early_refusal_ends_the_sending(
    api: FakeRuntimeApi, runtime: Runtime, capfd: pytest.CaptureFixture[str]
) -> None:
    release = threading.Event()

    def refuse_early(peer: Peer, exchange: Exchange) -> None:
        peer.read_chunk()
        peer.reply(413)
        assert release.wait(PATIENCE_S)

    turn = Turn(MEGABYTE)
    runtime.start(turn)
    api.invoke(behaviour=refuse_early)

    assert turn.closed.wait(PATIENCE_S)
    assert_next_is_intact(api)
    release.set()
    reason = "the Runtime API replied 413 before the request's end"
    assert logged(capfd) == [("answer_not_delivered", reason)]


def test_an_early_refusal_of_a_large_json_answer_ends_the_sending(
    api: FakeRuntimeApi, runtime: Runtime, capfd: pytest.CaptureFixture[str]
) -> None:
    release = threading.Event()

    def refuse_early(peer: Peer, exchange: Exchange) -> None:
        peer.reply(413)
        assert release.wait(PATIENCE_S)

    runtime.start(lambda event, context: {"intact": True} if event else "x" * 20_000_000)
    api.invoke(behaviour=refuse_early)

    assert_next_is_intact(api)
    release.set()
    assert [event for event, _ in logged(capfd)] == ["answer_not_delivered"]


def test_an_early_reply_to_a_small_answer_is_not_mistaken_for_the_next_one(
    api: FakeRuntimeApi, runtime: Runtime, capfd: pytest.CaptureFixture[str]
) -> None:
    replied = threading.Event()

    def reply_early(peer: Peer, exchange: Exchange) -> None:
        peer.read_chunk()
        peer.reply(202)
        replied.set()

    def body() -> Iterator[bytes]:
        assert replied.wait(PATIENCE_S)
        yield b"too late"

    runtime.start(
        lambda event, context: {"intact": True} if event == "next" else StreamingResponse(body=body())
    )
    api.invoke(behaviour=reply_early)

    assert_next_is_intact(api)
    assert api.connections == 2
    reason = "the Runtime API replied 202 before the request's end"
    assert logged(capfd) == [("answer_not_delivered", reason)]


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (b"SMTP ready\r\n\r\n", "the reply does not begin with an HTTP/1.1 status line"),
        (b"HTTP/1.1 202 OK\r\nContent-Length: many\r\n\r\n", "the reply's Content-Length is 'many'"),
        (b"HTTP/1.1 202 OK\r\nContent-Le", "the connection ended before the reply was complete"),
        (b"", "the connection ended before the reply was complete"),
        (b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", "the Runtime API answered 500"),
    ],
)
def test_a_bad_reply_costs_the_connection_and_nothing_more(
    api: FakeRuntimeApi,
    runtime: Runtime,
    reply: bytes,
    reason: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def answer_badly(peer: Peer, exchange: Exchange) -> None:
        read_request(peer, exchange)
        peer.socket.sendall(reply)
        peer.socket.shutdown(1)

    runtime.start(Turn(items=1))
    api.invoke(behaviour=answer_badly)

    assert_next_is_intact(api)
    assert logged(capfd) == [("answer_not_delivered", reason)]


def test_a_refusal_costs_the_connection(api: FakeRuntimeApi, runtime: Runtime) -> None:
    def refuse(peer: Peer, exchange: Exchange) -> None:
        read_request(peer, exchange)
        peer.reply(403)

    runtime.start(Turn(items=1))
    api.invoke(behaviour=refuse)

    assert_next_is_intact(api)
    assert api.connections == 2


@pytest.mark.parametrize("junk", [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", b"\0"])
def test_bytes_after_a_reply_belong_to_nobody(api: FakeRuntimeApi, runtime: Runtime, junk: bytes) -> None:
    def say_too_much(peer: Peer, exchange: Exchange) -> None:
        read_request(peer, exchange)
        ok = b"HTTP/1.1 202 OK\r\nContent-Length: 0\r\n\r\n"
        peer.socket.sendall(ok + junk)

    runtime.start(Turn(items=1))
    api.invoke(behaviour=say_too_much)

    assert_next_is_intact(api)
    assert api.connections == 2


def test_a_connection_that_ends_after_a_reply_is_replaced(api: FakeRuntimeApi, runtime: Runtime) -> None:
    def accept_and_close(peer: Peer, exchange: Exchange) -> None:
        read_request(peer, exchange)
        peer.reply(202, headers={"Connection": "close"})
        peer.close()

    runtime.start(Turn(items=1))
    api.invoke(behaviour=accept_and_close)

    assert_next_is_intact(api)


def test_a_connection_that_ended_during_the_handlers_work_is_replaced(
    api: FakeRuntimeApi, runtime: Runtime
) -> None:
    def handler(event: object, context: Context) -> object:
        exchange.wait_for_hang_up()
        return {"intact": True}

    exchange = api.invoke(hangs_up=True)
    runtime.start(handler)

    assert exchange.wait().body == b'{"intact":true}'
    assert (exchange.posts, api.connections) == (1, 2)


def test_a_stuck_receiver_is_given_up_at_the_deadline(
    api: FakeRuntimeApi, runtime: Runtime, capfd: pytest.CaptureFixture[str]
) -> None:
    release = threading.Event()

    def read_nothing(peer: Peer, exchange: Exchange) -> None:
        assert release.wait(PATIENCE_S)
        peer.close()

    turn = Turn(MEGABYTE)
    runtime.start(turn)
    started_s = time.monotonic()
    api.invoke(behaviour=read_nothing, timeout_s=1.2)

    assert turn.closed.wait(PATIENCE_S)
    assert 1.0 < time.monotonic() - started_s < 3.0
    assert_next_is_intact(api)
    release.set()
    reason = "the Runtime API took no more bytes until the deadline"
    assert logged(capfd) == [("answer_not_delivered", reason)]


def test_a_slow_receiver_gets_every_byte(api: FakeRuntimeApi, runtime: Runtime) -> None:
    begin = threading.Event()

    def read_late(peer: Peer, exchange: Exchange) -> None:
        assert begin.wait(PATIENCE_S)
        accept(peer, exchange)

    produced = threading.Event()

    def body() -> Iterator[bytes]:
        for number in range(40):
            yield bytes([number]) * 500_000
            if number == 0:
                produced.set()

    runtime.start(lambda event, context: StreamingResponse(body=body()))
    exchange = api.invoke(behaviour=read_late)
    assert produced.wait(PATIENCE_S)
    begin.set()

    assert exchange.wait().chunks[1:] == [bytes([number]) * 500_000 for number in range(40)]


def test_a_deadline_years_ahead_is_waited_for_like_any_other(api: FakeRuntimeApi, runtime: Runtime) -> None:
    runtime.start(Turn(MEGABYTE, items=30))

    assert len(api.invoke(timeout_s=1e9).wait().chunks) == 31


def test_an_error_that_cannot_be_reported_is_logged(
    api: FakeRuntimeApi, runtime: Runtime, capfd: pytest.CaptureFixture[str]
) -> None:
    def handler(event: object, context: Context) -> object:
        if event == "next":
            return {"intact": True}
        raise KeyError("x")

    runtime.start(handler)
    api.invoke(behaviour=leave_before_the_prelude)

    assert_next_is_intact(api)
    events = [json.loads(line)["event"] for line in capfd.readouterr().err.splitlines()]
    assert events == ["invocation_failed", "answer_not_delivered"]
