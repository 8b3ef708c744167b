"""MiniStack, the stand-in for DynamoDB and SQS: a process of its own, in an environment of its own."""

import asyncio
import os
import secrets
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from local import project
from local.errors import PartFailed

START_S = 30.0
STOP_S = 15.0
POLL_S = 0.02
# Not of those that the kernel gives out by itself: another server or connection could be given the port
# before MiniStack has it.
PORTS = range(20_000, 32_000)
CHOICES = 50
ACCOUNT = "000000000000"
_LAUNCHER = Path(__file__).with_name("ministack_main.py")


def keep_port(file: Path) -> int:
    """Return the port that `file` keeps while it is free, else a free one, kept from then on.

    MiniStack's queues are known by an address with its port: another port would be other, empty queues.

    Raises  PartFailed: there is none
    """
    kept = file.read_text().strip() if file.exists() else ""
    wished = [int(kept)] if kept.isdigit() else []
    others = secrets.SystemRandom().sample(PORTS, CHOICES)
    port = next((port for port in (*wished, *others) if _is_free(port)), None)
    if port is None:
        raise PartFailed("no port could be found for MiniStack")
    file.write_text(str(port))
    return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


class MiniStack:
    """One MiniStack process; its state is kept in `state_dir` over an ordered stop."""

    def __init__(self, *, port: int, state_dir: Path, log_file: Path, log_level: str = "INFO") -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self._state_dir, self._log_file, self._log_level = state_dir, log_file, log_level
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        return self._process.pid if self._process is not None else 0

    async def start(self, *, keep_open: tuple[int, ...] = ()) -> None:
        """Start the process; `ready` waits for it. `keep_open` are descriptors that it holds while it lives.

        Raises  PartFailed: MiniStack is not installed
        """
        if not project.MINISTACK_PYTHON.exists():
            raise PartFailed("MiniStack is not installed; run `make setup`")
        with self._log_file.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                str(project.MINISTACK_PYTHON),
                "-I",
                str(_LAUNCHER),
                stdin=asyncio.subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=self._environment(os.environ),
                pass_fds=keep_open,
                # Ctrl-C reaches the terminal's whole group; this one must outlive the turns that end.
                start_new_session=True,
            )

    async def ready(self) -> None:
        """Return when MiniStack accepts connections. Raises PartFailed when it ends or takes too long."""
        try:
            async with asyncio.timeout(START_S):
                while not await _accepts(self.port):
                    if self._process is None or self._process.returncode is not None:
                        raise PartFailed(f"MiniStack did not start; see {self._log_file}")
                    await asyncio.sleep(POLL_S)
        except TimeoutError as error:
            raise PartFailed(f"MiniStack did not answer in {START_S:.0f} s; see {self._log_file}") from error

    async def ended(self) -> int:
        """Return the exit status when the process ends."""
        return await self._process.wait() if self._process is not None else 0

    async def stop(self) -> None:
        """Let it save its state and end; kill it if it does not."""
        if self._process is None or self._process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            self._process.terminate()
        try:
            async with asyncio.timeout(STOP_S):
                await self._process.wait()
        except TimeoutError:
            print(
                f"MiniStack did not end in {STOP_S:.0f} s and was killed; its state is lost", file=sys.stderr
            )
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()

    def _environment(self, outer: Mapping[str, str]) -> dict[str, str]:
        return {
            **{name: outer[name] for name in ("PATH", "HOME", "LANG") if name in outer},
            "TMPDIR": str(self._state_dir.resolve()),
            "GATEWAY_PORT": str(self.port),
            "BIND_HOST": "127.0.0.1",
            "MINISTACK_HOST": "127.0.0.1",
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "PERSIST_STATE": "1",
            "STATE_DIR": str(self._state_dir.resolve()),
            "IOT_MTLS_ENABLED": "0",
            "IOT_MTLS_PORT": "0",
            "SFTP_ENABLED": "0",
            # Without a socket of this name the Docker SDK is never imported: nothing here needs containers.
            "DOCKER_HOST": "unix:///nonexistent/docker.sock",
            "LOG_LEVEL": self._log_level,
        }


async def _accepts(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
