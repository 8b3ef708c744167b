from collections.abc import Mapping
from typing import Final

from libs.streaming.events import Chunk, Complete, Error, Start, TurnEvent
from libs.streaming.keepalive import Numbered, encoded

COMPLETE: Final = Complete("m-2", "c-1", None, {}, "end_turn", {}, {})


class Letters:
    """An encoder of one letter an event; it has no word for notices or errors."""

    headers: Mapping[str, str] = {}
    keep_alive = b"."

    def opening(self) -> bytes:
        return b"<"

    def encode(self, number: int, event: TurnEvent) -> bytes:
        return b"" if isinstance(event, Error) else f"{type(event).__name__[0]}{number}".encode()


class Source:
    """Gives these batches, one each time it is asked; `asked` are the timeouts."""

    def __init__(self, *batches: list[Numbered]) -> None:
        self._batches = list(batches)
        self.asked: list[float] = []

    def wait(self, timeout_s: float) -> list[Numbered]:
        self.asked.append(timeout_s)
        return self._batches.pop(0)


def written(source: Source) -> list[bytes]:
    return list(encoded(source.wait, Letters(), keep_alive_s=10.0))


def test_the_opening_leaves_with_the_first_events() -> None:
    source = Source([(1, Start("t", "c", "m"))], [(2, COMPLETE)])
    assert written(source) == [b"<S1", b"C2"]


def test_events_that_came_together_leave_as_one_write() -> None:
    source = Source([(1, Start("t", "c", "m")), (2, Chunk("a")), (3, Chunk("b"))], [(4, COMPLETE)])
    assert written(source) == [b"<S1C2C3", b"C4"]


def test_each_silence_is_filled() -> None:
    source = Source([(1, Start("t", "c", "m"))], [], [], [(2, Chunk("a"))], [], [(3, COMPLETE)])
    assert written(source) == [b"<S1", b".", b".", b"C2", b".", b"C3"]
    assert source.asked == [10.0] * 6


def test_the_opening_fills_a_silence_at_the_beginning() -> None:
    assert written(Source([], [(1, COMPLETE)])) == [b"<", b"C1"]


def test_the_stream_ends_behind_its_terminal_event() -> None:
    source = Source([(1, COMPLETE)], [(2, Chunk("never"))])
    assert written(source) == [b"<C1"]


def test_a_resumed_stream_keeps_its_numbers() -> None:
    assert written(Source([(41, Chunk("a"))], [(42, COMPLETE)])) == [b"<C41", b"C42"]


def test_a_terminal_event_without_bytes_still_ends_the_stream() -> None:
    source = Source([(1, Start("t", "c", "m")), (2, Error("X", "x", retryable=False))])
    assert written(source) == [b"<S1"]


def test_nothing_is_waited_for_before_the_first_bytes_are_wanted() -> None:
    source = Source([(1, COMPLETE)])
    stream = encoded(source.wait, Letters(), keep_alive_s=10.0)
    assert source.asked == []
    assert next(stream) == b"<C1"
