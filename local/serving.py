"""A stack in the foreground: up until a signal, a parent's end or a part's failure."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from local.announcer import Voice
from local.errors import PartFailed
from local.stack import LocalStack
from local.stack_options import StackOptions

# One Ctrl-C may arrive twice: from the terminal, and passed on by a wrapper such as make or timeout.
SAME_SIGNAL_S = 0.5
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


async def keep_up(options: StackOptions, voice: Voice, *, stop_on_eof: bool = False) -> None:
    """Run a stack until it is told to stop; then return, with all parts ended and all state saved.

    A signal stops it in any state, also while it starts; a second one does not wait for turns.

    Raises  StackError: it could not start, or a part ended by itself
    """
    stack = LocalStack(options, report=voice.report)
    running = asyncio.create_task(_run(stack, voice))
    stop = _Stop(running, voice)
    for number in _SIGNALS:
        if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
            continue  # nohup: it is to outlive its terminal
        asyncio.get_running_loop().add_signal_handler(number, stop)
    if stop_on_eof:
        _call_on_eof(stop.once)
    with suppress(asyncio.CancelledError):
        await running
    voice.stopped()


async def _run(stack: LocalStack, voice: Voice) -> None:
    async with stack:
        talking = asyncio.create_task(asyncio.to_thread(voice.ready, stack.endpoints))
        failure = await stack.failed()
        await talking
        raise PartFailed(failure)


class _Stop:
    """Ends the stack in order the first time, at once the second."""

    def __init__(self, running: asyncio.Task[None], voice: Voice) -> None:
        self._running, self._voice = running, voice
        self._told_s: float | None = None

    def __call__(self) -> None:
        if self._told_s is not None and time.monotonic() - self._told_s > SAME_SIGNAL_S:
            # The runtime processes die with this one; MiniStack notices and saves its state.
            os._exit(1)
        self.once()

    def once(self) -> None:
        if self._told_s is None:
            self._told_s = time.monotonic()
            self._voice.stopping()
            self._running.cancel()


def _call_on_eof(action: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()

    def read() -> None:
        if not os.read(sys.stdin.fileno(), 4096):
            loop.remove_reader(sys.stdin.fileno())
            action()

    loop.add_reader(sys.stdin.fileno(), read)
