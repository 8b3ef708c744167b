"""A fake Runtime API, and the real loop in a thread against it."""

import select
import threading
from collections.abc import Iterator

import pytest

from libs.lambda_runtime.context import Handler
from libs.lambda_runtime.loop import run
from libs.lambda_runtime.settings import Settings
from libs.lambda_runtime.shutdown import Shutdown
from tests.libs.lambda_runtime.fake_runtime_api import PATIENCE_S, FakeRuntimeApi


class Loop:
    """The loop in a thread of its own, as `main` would run it in the process's first."""

    def __init__(self, handler: Handler, settings: Settings) -> None:
        self.shutdown = Shutdown()
        self.exit_code: int | None = None
        self._handler = handler
        self._settings = settings
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def join(self) -> int | None:
        """Return the exit code once the loop has ended by itself."""
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive(), "the loop does not end"
        return self.exit_code

    def shutdown_ordered(self) -> bool:
        """Wait until the order to stop was given."""
        return bool(select.select([self.shutdown], [], [], PATIENCE_S)[0])

    def _run(self) -> None:
        self.exit_code = run(self._handler, self._settings, self.shutdown)


class Runtime:
    """Starts loops against the fake API, and stops them when the test is over."""

    def __init__(self, api: FakeRuntimeApi) -> None:
        self._api = api
        self._loops: list[Loop] = []

    def start(self, handler: Handler, *, concurrency: int = 1) -> Loop:
        settings = Settings("127.0.0.1", self._api.port, "unused", concurrency, "coach", "7", 512)
        loop = Loop(handler, settings)
        self._loops.append(loop)
        return loop

    def stop(self) -> None:
        for loop in self._loops:
            loop.shutdown.request("the test is over", exit_code=0)
            loop.join()
            loop.shutdown.close()


@pytest.fixture
def api() -> Iterator[FakeRuntimeApi]:
    server = FakeRuntimeApi()
    yield server
    server.close()


@pytest.fixture
def runtime(api: FakeRuntimeApi) -> Iterator[Runtime]:
    loops = Runtime(api)
    yield loops
    loops.stop()
