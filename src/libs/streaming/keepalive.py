"""Keep a silent stream open: bytes that mean nothing, whenever nothing else was sent for a while."""

from collections.abc import Callable, Generator

from libs.streaming.encoders.base import Encoder
from libs.streaming.events import TurnEvent, is_terminal

type Numbered = tuple[int, TurnEvent]
type Wait = Callable[[float], list[Numbered]]


def encoded(wait: Wait, encoder: Encoder, *, keep_alive_s: float) -> Generator[bytes]:
    """Yield the stream's bytes until its terminal event has gone out.

    `wait(timeout_s)` gives the events that came since it was last asked, at once if there are any,
    else after at most `timeout_s`; an empty list means silence. Events that came together leave as
    one write.
    """
    opening = encoder.opening()
    while True:
        events = wait(keep_alive_s)
        written = opening + b"".join([encoder.encode(number, event) for number, event in events])
        opening = b""
        yield written or encoder.keep_alive
        if events and is_terminal(events[-1][1]):
            return
