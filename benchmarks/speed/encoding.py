"""The typed encoder against the two lines that one would write without it."""

import json
from collections.abc import Iterator
from typing import Final

from benchmarks.speed.comparison import Comparison, in_turn, timed_us
from libs.streaming.encoders.typed_sse import TypedSse
from libs.streaming.events import Chunk

ROUNDS: Final = 9
EVENTS: Final = 20_000
TURN: Final = "1aca06b8a5f27ab31169682ee176d79a"
TEXT: Final = "Brace before you "


def measure() -> Iterator[Comparison]:
    encoder, event = TypedSse(TURN), Chunk(TEXT)

    def by_encoder() -> None:
        for number in range(EVENTS):
            encoder.encode(number, event)

    def by_hand() -> None:
        for number in range(EVENTS):
            data = json.dumps({"type": "chunk", "content": event.content}, ensure_ascii=False)
            f"id: {TURN}.{number}\ndata: {data}\n\n".encode()

    ours, theirs = in_turn(ROUNDS, lambda: timed_us(by_encoder, EVENTS), lambda: timed_us(by_hand, EVENTS))
    yield Comparison("encoder", "one chunk", "µs", "json.dumps and an f-string", ours, theirs)
