"""When the next piece is due, by the loop's clock: a late piece never delays the ones after it."""

import asyncio
from contextlib import suppress
from typing import Final

from local.http_server import ClientGone

_LONG_S: Final = 0.1
_OVERDUE_IN_A_ROW: Final = 16


class Pace:
    """The schedule of one answer, counted from when it was made.

    Raises  ClientGone, by each method: the client left while it waited
    """

    def __init__(self, gone: asyncio.Event) -> None:
        self._gone = gone
        self._loop = asyncio.get_running_loop()
        self._begun = self._due = self._loop.time()
        self._overdue = 0

    @property
    def elapsed_ms(self) -> int:
        return round((self._loop.time() - self._begun) * 1000)

    async def after(self, delay_ms: float) -> None:
        """Return when `delay_ms` have passed since the previous piece was due."""
        self._due += delay_ms / 1000
        delay_s = self._due - self._loop.time()
        if delay_s > _LONG_S:
            await self._wait(delay_s)
        elif delay_s > 0:
            await asyncio.sleep(delay_s)
        else:
            await self._yield_now_and_then()
        if self._gone.is_set():
            raise ClientGone

    async def silence(self, limit_s: float) -> None:
        """Wait until the client leaves, or for `limit_s`."""
        await self._wait(limit_s)
        if self._gone.is_set():
            raise ClientGone

    async def _wait(self, delay_s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(delay_s):
                await self._gone.wait()

    async def _yield_now_and_then(self) -> None:
        # a stream that is behind, or has no delays at all, must not keep the loop from the others
        self._overdue += 1
        if self._overdue % _OVERDUE_IN_A_ROW == 0:
            await asyncio.sleep(0)
