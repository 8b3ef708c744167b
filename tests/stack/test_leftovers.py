"""What a stopped turn leaves behind in its process: no thread, no socket, however often."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import pytest

from tests.conftest import Figures
from tests.stack.client import POLL_S, Conversation, Stack, eventually
from tests.stack.conftest import RELAYED_PROCESSES, Relayed
from tests.stack.processes import PROC, runtime_processes, sockets_of, threads_of
from tests.stack.sse import TERMINAL
from tests.stack.watching import Turn

pytestmark = [
    pytest.mark.stack,
    pytest.mark.skipif(not PROC.exists(), reason="threads are counted in /proc"),
]

TEXT: Final = "/say " + " ".join(f"word-{number}" for number in range(60))
FOR_EVER_MS: Final = 60_000
SCRIPTS: Final = (
    {"interTokenMs": 50},
    {"fault": {"kind": "silence", "afterDeltas": 3, "times": None}},
    {"firstTokenMs": FOR_EVER_MS},
    {"routerMs": FOR_EVER_MS},
)
ROUNDS: Final = 1
"""So often, after a first time that fills pools of threads and connections, each script is played."""
SPARE_THREADS: Final = 2
"""A pool takes a new thread where an old one is not free that very moment; it keeps both."""
SETTLED_S: Final = 5.0

type Count = Counter[str]


def _count(pids: list[int]) -> Count:
    count: Count = Counter(processes=len(pids))
    for pid in pids:
        count["threads"] += threads_of(pid)
        count["sockets"] += sockets_of(pid)
    return count


def _stop(conversation: Conversation) -> str:
    with conversation.stream(TEXT) as stream:
        stream.until("progress")
        time.sleep(0.3)
        Turn(conversation, stream.turn_id).cancel()
        stream.read()
    return "".join(kind for kind in stream.types if kind in TERMINAL)


def _stop_in_every_process(relayed: Relayed) -> None:
    """Stop turns in every way, as many at once as leave a process free to be told of it."""
    for script in SCRIPTS:
        relayed.stack.emulator.play(**script)
        conversations = [relayed.stack.person().begin() for _ in range(RELAYED_PROCESSES - 2)]
        with ThreadPoolExecutor(len(conversations)) as threads:
            assert set(threads.map(_stop, conversations)) == {"error"}


def test_stopped_turns_leave_no_thread_and_no_socket(relayed: Relayed, figures: Figures) -> None:
    pids = eventually(lambda: _all_processes(relayed.stack))
    _stop_in_every_process(relayed)
    warmed = _count(pids)
    for _ in range(ROUNDS):
        _stop_in_every_process(relayed)
    after = _settled(warmed, pids)
    stopped = len(SCRIPTS) * ROUNDS * (RELAYED_PROCESSES - 2)
    figures(f"after {stopped} stopped turns: {dict(after)}, before them: {dict(warmed)}")
    assert after["sockets"] <= warmed["sockets"]
    assert after["threads"] <= warmed["threads"] + SPARE_THREADS


def _all_processes(stack: Stack) -> list[int] | None:
    found = runtime_processes(stack.endpoints)
    return found if len(found) == RELAYED_PROCESSES else None


def _settled(warmed: Count, pids: list[int]) -> Count:
    """Return the count once it is back where it was, or as it is when that takes too long."""
    until_s = time.monotonic() + SETTLED_S
    while (now := _count(pids))["sockets"] > warmed["sockets"] and time.monotonic() < until_s:
        time.sleep(POLL_S)
    return now
