"""A Function URL for tests: its event loop in a thread, its runtime scripted, its client blocking."""

import asyncio
import http.client
import json
import os
import select
import socket
from collections.abc import Coroutine, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from local.function_url import FunctionConfig, FunctionUrl
from tests.local import scripted_runtime

DIRECT = "/2015-03-31/functions/function/invocations"
WAIT_S = 20.0
"""How long anything may take before a test counts as hanging."""


def scripted_function(folder: Path, **changes: Any) -> FunctionConfig:
    """Return a function whose bootstrap starts the scripted runtime; `changes` replace fields."""
    bootstrap = folder / "bootstrap"
    bootstrap.write_text(f'#!/bin/sh\nexec "$STREAM_COACH_PYTHON" -I -S {scripted_runtime.__file__}\n')
    bootstrap.chmod(0o755)
    function = FunctionConfig(
        name="coach",
        handler="app.handler",
        timeout_s=30,
        memory_mb=512,
        task_root=folder,
        environment={},
        cors=None,
    )
    return replace(function, **changes)


class Host:
    """A running Function URL."""

    def __init__(self, loop: asyncio.AbstractEventLoop, folder: Path, reports: list[str]) -> None:
        self._loop, self._folder, self._pipes, self.reports = loop, folder, 0, reports
        self.clients = ExitStack()
        self.log_file = folder / "runtime.log"

    def begin(self, function: FunctionConfig, **options: Any) -> None:
        async def make() -> FunctionUrl:
            return FunctionUrl(function, log_file=self.log_file, report=self.reports.append, **options)

        self.function_url = self.call(make())
        self.call(self.function_url.start())

    def call[T](self, step: Coroutine[Any, Any, T]) -> T:
        return self.submit(step).result(WAIT_S)

    def submit[T](self, step: Coroutine[Any, Any, T]) -> Future[T]:
        return asyncio.run_coroutine_threadsafe(step, self._loop)

    def ready(self) -> None:
        self.call(self.function_url.ready(timeout_s=WAIT_S))

    def pipe(self) -> Path:
        """Return a new named pipe: who opens one end waits for who opens the other."""
        self._pipes += 1
        path = self._folder / f"pipe-{self._pipes}"
        os.mkfifo(path)
        return path

    def connect(self) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection("127.0.0.1", self.function_url.port, timeout=WAIT_S)
        return self.clients.enter_context(closing(connection))

    def connect_raw(self) -> socket.socket:
        address = ("127.0.0.1", self.function_url.port)
        return self.clients.enter_context(socket.create_connection(address, timeout=WAIT_S))

    def send(
        self,
        *steps: Mapping[str, Any],
        method: str = "GET",
        path: str = "/",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> http.client.HTTPConnection:
        """Send a request over a connection of its own; `getresponse` gives the answer."""
        connection = self.connect()
        target = f"{path}?steps={quote(json.dumps(steps))}" if steps else path
        connection.request(method, target, body, dict(headers or {}))
        return connection

    def get(self, *steps: Mapping[str, Any], **request: Any) -> "Answer":
        return Answer(self.send(*steps, **request))

    def invoke(self, *steps: Mapping[str, Any]) -> "Answer":
        body = json.dumps({"steps": steps}).encode()
        return Answer(self.send(method="POST", path=DIRECT, body=body))


class Answer:
    """A response that was read to its end; `broken` when the end was missing."""

    def __init__(self, connection: http.client.HTTPConnection) -> None:
        response = connection.getresponse()
        self.status, self.headers = response.status, response.headers
        self.body, self.broken = read_rest(response)
        connection.close()

    def json(self) -> Any:
        return json.loads(self.body)


def read_rest(response: http.client.HTTPResponse) -> tuple[bytes, bool]:
    """Return the rest of the body, and whether it broke off."""
    try:
        return response.read(), False
    except http.client.IncompleteRead as error:
        return error.partial, True
    except ConnectionResetError:
        return b"", True


def read_piece(response: http.client.HTTPResponse) -> bytes:
    """Return what of the body has arrived, waiting for its first byte only."""
    return response.read1()


def release(pipe: Path) -> None:
    """Let the runtime that waits, or will wait, at `pipe` go on."""
    pipe.write_bytes(b"")


@contextmanager
def hosting(folder: Path, *, function: FunctionConfig | None = None, **options: Any) -> Iterator[Host]:
    """Serve a function until the block ends; nothing of it may be left in the loop then."""
    with running_loop() as loop:
        host = Host(loop, folder, [])
        try:
            host.begin(function or scripted_function(folder), **{"processes": 1, "pollers": 2} | options)
            yield host
        finally:
            host.clients.close()
            host.call(host.function_url.stop())


@contextmanager
def running_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """Run an event loop in a thread of its own; nothing may be left in it when the block ends."""
    started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()
    with ThreadPoolExecutor(max_workers=1) as thread:
        ended = thread.submit(asyncio.run, _run_loop(started))
        loop, end = started.result(WAIT_S)
        try:
            yield loop
        finally:
            loop.call_soon_threadsafe(end.set)
            ended.result(WAIT_S)


async def _run_loop(started: "Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]]") -> None:
    end = asyncio.Event()
    started.set_result((asyncio.get_running_loop(), end))
    await end.wait()
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait_for(task, WAIT_S)


def wait_for_end(pid: int) -> None:
    """Return once the process is gone; Linux only, as it need not be a child of this process."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    with os.fdopen(handle) as end:
        assert wait_readable(end.fileno()), f"process {pid} still runs"


def wait_readable(file: int) -> bool:
    return bool(select.select([file], [], [], WAIT_S)[0])
