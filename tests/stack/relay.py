"""A relay before the store and the models: it hears each operation of a person, and meddles where it is told.

Every user of the stack's tests has a name that no other text has, so a request that holds it is theirs.
"""

import asyncio
import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import urlsplit

from local.http_server import port_of
from tests.stack.processes import owner_of

type Name = Literal[
    "T1",
    "log",
    "flush",
    "T2",
    "sent",
    "task",
    "GetItem",
    "BatchGetItem",
    "Query",
    "UpdateItem",
    "Converse",
    "ConverseStream",
    "InvokeModel",
    "save",
]

PERSON: Final = re.compile(rb"user-[0-9a-f]{12}")
MODEL_CALLS: Final = ("Converse", "ConverseStream")
"""Those of a turn itself; follow-ups `save` what was said and embed it, behind the turn."""
_MODEL_CALL: Final = re.compile(rb"POST /model/[^/ ]+/([a-z-]+) ")
_NAMES: Final = {b"converse": "Converse", b"converse-stream": "ConverseStream", b"invoke": "InvokeModel"}
PIECE: Final = 65_536
_UNAVAILABLE: Final = (
    b"HTTP/1.1 500 Internal Server Error\r\ncontent-type: application/x-amz-json-1.0\r\n"
    b'content-length: 33\r\n\r\n{"__type":"InternalServerError"}\n'
)


@dataclass(frozen=True, slots=True)
class Operation:
    """One request of a runtime process. Units  `at_s` on the monotonic clock, when it was heard"""

    name: str
    at_s: float
    body: bytes


@dataclass(frozen=True, slots=True)
class Kill:
    """Kill the process at its n-th operation of a name: before it is passed on, or once it is answered.

    Shape   with `pieces` the answer is passed on but for its piece of that number
    """

    name: Name
    moment: Literal["before", "after"]
    nth: int = 1
    pieces: int = 1

    def __str__(self) -> str:
        which = f"{self.name} {self.nth}" if self.name == "log" else self.name
        return f"{self.moment} {which}" + (f", piece {self.pieces}" if self.pieces > 1 else "")


@dataclass(frozen=True, slots=True)
class Delay:
    """Hold each operation of these names up for so long."""

    names: tuple[Name, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Outage:
    """Answer operations of these names with an error, for so long from the first one on."""

    names: tuple[Name, ...]
    seconds: float


type Plan = Kill | Delay | Outage


@dataclass(slots=True)
class _Person:
    plan: Plan | None = None
    heard: list[Operation] = field(default_factory=list)


class Ledger:
    """What each person's turns asked for, in the order of asking, and what is to happen to them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._people: dict[str, _Person] = {}
        self.killed: dict[str, int] = {}

    def expect(self, user: str, plan: Plan | None = None) -> None:
        """Begin anew with a person: forget what was heard, and have `plan` happen."""
        with self._lock:
            self._people[user] = _Person(plan)

    def expect_again(self, user: str) -> None:
        """Have the person's plan happen at the next such operation: this time it came too late."""
        with self._lock:
            person = self._people[user]
            self._people[user] = _Person(person.plan)

    def heard(self, user: str) -> list[Operation]:
        with self._lock:
            return list(self._people[user].heard)

    def note(self, operation: Operation) -> tuple[str, Plan | None]:
        """Take an operation down and return whose it is, and what happens to it now."""
        found = PERSON.search(operation.body)
        user = found[0].decode() if found else ""
        with self._lock:
            person = self._people.setdefault(user, _Person())
            person.heard.append(operation)
            return user, _due(person, operation)


def _due(person: _Person, operation: Operation) -> Plan | None:
    match person.plan:
        case Kill(name, _, nth) if name == operation.name:
            count = sum(one.name == name for one in person.heard)
            return person.plan if count == nth else None
        case Delay(names) if operation.name in names:
            return person.plan
        case Outage(names, seconds) if operation.name in names:
            first_s = next(one.at_s for one in person.heard if one.name in names)
            return person.plan if operation.at_s < first_s + seconds else None
    return None


def name_of(head: bytes, body: bytes) -> str:
    """Return what an operation is to a turn, and else what the SDK calls it."""
    target = re.search(rb"(?im)^x-amz-target: \w+\.(\w+)", head)
    if target is None:
        return _model_call(head, body)
    if target[1] == b"UpdateItem" and b'"followUps"' in body:
        return "sent"
    if target[1] != b"TransactWriteItems":
        return target[1].decode()
    if b'"bodyHash"' in body:
        return "T1"
    if b'"hasReply"' in body:
        return "T2"
    if b'"done_' in body:
        return "task"
    if b'"EV#' in body:
        return "flush" if rb"\"stage\":\"saving\"" in body else "log"
    return "TransactWriteItems"


def _model_call(head: bytes, body: bytes) -> str:
    found = _MODEL_CALL.match(head)
    assert found is not None, head
    saves = re.search(rb'"toolChoice": ?\{"tool": ?\{"name": ?"save_', body)
    return "save" if saves is not None else _NAMES[found[1]]


class Relay:
    """One address that passes on to `upstream`, which may be set after the start."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.upstream = ""
        self.url = ""

    async def start(self) -> asyncio.Server:
        server = await asyncio.start_server(self._connected, "127.0.0.1")
        self.url = f"http://127.0.0.1:{port_of(server)}"
        return server

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        where = urlsplit(self.upstream)
        behind, onward = await asyncio.open_connection(where.hostname, where.port)
        link = _Link(self._ledger, reader, writer, behind, onward)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(link.pass_requests())
                both.create_task(link.pass_answers())
        except* (_Over, OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            onward.close()


class _Over(Exception):
    """One side left: the other one goes too."""


@dataclass(slots=True)
class _Link:
    """One connection of a runtime process and the one behind it."""

    ledger: Ledger
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    behind: asyncio.StreamReader
    onward: asyncio.StreamWriter
    doom: Callable[[], bool] = lambda: False

    async def pass_requests(self) -> None:
        while True:
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"(?im)^content-length: (\d+)", head)
            body = await self.reader.readexactly(int(length[1])) if length else b""
            await self._pass_on(Operation(name_of(head, body), time.monotonic(), body), head + body)

    async def _pass_on(self, operation: Operation, request: bytes) -> None:
        user, plan = self.ledger.note(operation)
        match plan:
            case Kill(_, "before"):
                self._kill(user)
            case Kill(pieces=pieces):
                self.doom = self._after(pieces, user)
            case Delay(_, seconds):
                await asyncio.sleep(seconds)
            case Outage():
                self.writer.write(_UNAVAILABLE)
                return
        self.onward.write(request)
        await self.onward.drain()

    async def pass_answers(self) -> None:
        while data := await self.behind.read(PIECE):
            if self.doom():
                raise _Over
            self.writer.write(data)
            await self.writer.drain()
        raise _Over

    def _after(self, pieces: int, user: str) -> Callable[[], bool]:
        left = pieces

        def is_due() -> bool:
            nonlocal left
            left -= 1
            if left == 0:
                self._kill(user)
            return left == 0

        return is_due

    def _kill(self, user: str) -> None:
        ports = [self.writer.get_extra_info(end)[1] for end in ("peername", "sockname")]
        try:
            pid = owner_of(*ports)
        except LookupError:
            # Its process died of another kill between its asking and this one.
            self.ledger.expect_again(user)
            raise _Over from None
        self.ledger.killed[user] = pid
        os.kill(pid, signal.SIGKILL)
        raise _Over


@dataclass(frozen=True, slots=True)
class Relays:
    """The two ways out of a runtime process."""

    ledger: Ledger
    store: Relay
    models: Relay


@contextmanager
def relaying() -> Iterator[Relays]:
    """Listen on two ports until the block ends."""
    ledger = Ledger()
    relays = Relays(ledger, Relay(ledger), Relay(ledger))
    started, stop = threading.Event(), asyncio.Event()

    async def run() -> None:
        loops.append(asyncio.get_running_loop())
        servers = [await relays.store.start(), await relays.models.start()]
        started.set()
        await stop.wait()
        for server in servers:
            server.close()
            server.close_clients()
        for server in servers:
            await server.wait_closed()

    loops: list[asyncio.AbstractEventLoop] = []
    thread = threading.Thread(target=lambda: asyncio.run(run()), name="relay")
    thread.start()
    try:
        assert started.wait(10)
        yield relays
    finally:
        loops[0].call_soon_threadsafe(stop.set)
        thread.join()
