"""The schedule of an answer, on a loop whose time passes only by waiting."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any

import pytest

from local.bedrock_emulator.pace import Pace
from local.http_server import ClientGone


class VirtualTime(selectors.DefaultSelector):
    """A selector that does not wait: it moves the clock instead."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.now += max(timeout or 0.0, 0.0)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.clock = VirtualTime()
        super().__init__(self.clock)

    def time(self) -> float:
        return self.clock.now


def run(work: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(work)


def clock() -> VirtualTime:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return loop.clock


def test_pieces_are_due_at_fixed_times_though_one_was_late() -> None:
    async def work() -> None:
        pace = Pace(asyncio.Event())
        times = []
        for delay_ms in (600, 25, 25, 25, 25):
            await pace.after(delay_ms)
            times.append(round(clock().now, 3))
            if len(times) == 2:
                clock().now += 0.06  # something else held the loop up
        assert times == [0.6, 0.625, 0.685, 0.685, 0.7]
        assert pace.elapsed_ms == 700

    run(work())


def test_a_client_that_leaves_ends_a_long_wait_at_once() -> None:
    async def work() -> None:
        gone = asyncio.Event()
        asyncio.get_running_loop().call_later(0.2, gone.set)
        with pytest.raises(ClientGone):
            await Pace(gone).after(60_000)
        assert round(clock().now, 3) == 0.2

    run(work())


def test_silence_ends_at_its_limit() -> None:
    async def work() -> None:
        await Pace(asyncio.Event()).silence(600.0)
        assert round(clock().now, 3) == 600.0

    run(work())


def test_a_stream_without_delays_lets_others_run() -> None:
    async def work() -> None:
        ran: list[str] = []

        async def stream(name: str) -> None:
            pace = Pace(asyncio.Event())
            for _ in range(40):
                await pace.after(0)
                ran.append(name)

        await asyncio.gather(stream("a"), stream("b"))
        assert ran.index("b") < 40

    run(work())
