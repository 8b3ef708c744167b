"""A turn over connections that break: each event once, the model asked once, an end in any case."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from local.chat.steady import PAUSES_S, steady_turn
from local.coach_client import CoachClient, Event
from local.errors import RequestRefused
from local.http_server import Exchange
from tests.local.wire import Script, served

START = {"type": "start", "turnId": "t"}
ONE, TWO = {"type": "chunk", "content": "one "}, {"type": "chunk", "content": "two"}
COMPLETE = {"type": "complete"}
TURN = [START, ONE, TWO, COMPLETE]


@dataclass
class Flaky(Script):
    """Sends the turn's events behind the cursor, as many a connection as `portions` says, then breaks off."""

    portions: list[int] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    async def answer(self, exchange: Exchange) -> None:
        body = await exchange.body(limit=10_000)
        self.asked.append((exchange.method, exchange.path, dict(exchange.headers), body))
        self.keys += [json.loads(body)["clientMessageId"]] if body else []
        seen = int(exchange.header("last-event-id", "t.0").rpartition(".")[2])
        count = self.portions.pop(0)
        if count < 0:
            await exchange.reply(503, b"{}")
            return
        await exchange.start(200, (("content-type", "text/event-stream"),))
        await exchange.write(b"retry: 3000\n\n")
        for number, event in list(enumerate(TURN, start=1))[seen : seen + count]:
            await exchange.write(f"id: t.{number}\ndata: {json.dumps(event)}\n\n".encode())
        if seen + count >= len(TURN):
            await exchange.end()
        else:
            exchange.abort()


@contextmanager
def _turn(script: Script, waited: list[float]) -> Iterator[Iterator[Event]]:
    with served(script) as address:
        client = CoachClient(address, "a-token", "demo", "atlas")
        yield steady_turn(client, "c1", "Hi", key="k1", sleep=waited.append)


def _told(script: Script) -> tuple[list[dict[str, Any]], list[float]]:
    waited: list[float] = []
    with _turn(script, waited) as events:
        return [event for event in events if event["type"] != "reconnecting"], waited


def test_a_turn_that_breaks_is_resumed_behind_what_came() -> None:
    script = Flaky(portions=[2, 1, 4])
    told, waited = _told(script)
    assert told == TURN
    assert [(method, headers.get("last-event-id")) for method, _, headers, _ in script.asked] == [
        ("POST", None),
        ("GET", "t.2"),
        ("GET", "t.3"),
    ]
    assert waited == [PAUSES_S[0], PAUSES_S[0]]


def test_before_the_first_event_the_same_message_is_sent_again_under_the_same_key() -> None:
    script = Flaky(portions=[0, 0, 4])
    assert _told(script)[0] == TURN
    assert script.keys == ["k1", "k1", "k1"]


def test_a_gateway_that_is_away_while_resuming_is_waited_for() -> None:
    assert _told(Flaky(portions=[2, -1, -1, 4]))[0] == TURN


def test_a_person_sees_that_the_connection_broke() -> None:
    with _turn(Flaky(portions=[1, 4]), []) as events:
        assert [event["type"] for event in events][:3] == ["start", "reconnecting", "chunk"]


def test_a_connection_that_never_holds_ends_in_an_error() -> None:
    script = Flaky(portions=[0] * (len(PAUSES_S) + 1))
    with pytest.raises(RequestRefused, match="BROKEN_STREAM"):
        _told(script)
    assert len(script.asked) == len(PAUSES_S) + 1


def test_a_refusal_is_final() -> None:
    problem = b'{"code":"RATE_LIMITED","detail":"Wait."}'
    script = Script(status=429, content_type="application/problem+json", pieces=(problem,))
    with pytest.raises(RequestRefused, match="RATE_LIMITED"):
        _told(script)
    assert len(script.asked) == 1


def test_nobody_there_is_told_at_once() -> None:
    with served(Script()) as address:
        pass
    client = CoachClient(address, "a-token", "demo", "atlas")
    with pytest.raises(RequestRefused, match="UNREACHABLE"):
        list(steady_turn(client, "c1", "Hi", key="k", sleep=lambda _: None))
