"""The processes of a stack as the kernel knows them. Linux only: all of it is read from /proc."""

from contextlib import suppress
from pathlib import Path
from typing import Final

from local.endpoints import Endpoints

PROC: Final = Path("/proc")
TCP: Final = PROC / "net" / "tcp"
LOOKS: Final = 20
_HANDLER: Final = b"_HANDLER=stream_coach.handler."
_WORKER: Final = b"_HANDLER=stream_coach.worker."


def runtime_processes(endpoints: Endpoints) -> list[int]:
    """Return the processes that run the function."""
    return _processes(endpoints, _HANDLER)


def worker_processes(endpoints: Endpoints) -> list[int]:
    """Return the processes that run the worker: one, or none that has just died."""
    return _processes(endpoints, _WORKER)


def _processes(endpoints: Endpoints, handler: bytes) -> list[int]:
    found = []
    for process in PROC.glob("[0-9]*"):
        with suppress(OSError):
            _, _, status = (process / "stat").read_text().rpartition(")")
            parent = int(status.split()[1])
            if parent == endpoints.pid and handler in (process / "environ").read_bytes():
                found.append(int(process.name))
    return found


def threads_of(pid: int) -> int:
    return len(list((PROC / str(pid) / "task").iterdir()))


def sockets_of(pid: int) -> int:
    return sum(name.startswith("socket:") for name in _open_files(PROC / str(pid)))


def owner_of(port: int, to: int) -> int:
    """Return the process whose connection it is from one port of this machine to another.

    The kernel's lists are not taken at one instant: while others come and go, one may be left out.
    """
    ends = [f"0100007F:{port:04X}", f"0100007F:{to:04X}"]
    for _ in range(LOOKS):
        rows = [line.split() for line in TCP.read_text().splitlines()]
        wanted = {f"socket:[{row[9]}]" for row in rows if row[1:3] == ends}
        for process in PROC.glob("[0-9]*"):
            if wanted & set(_open_files(process)):
                return int(process.name)
    raise LookupError(f"nobody is connected from port {port} to {to}")


def _open_files(process: Path) -> list[str]:
    """Return what a process has open; it may close some meanwhile, or end."""
    found = []
    with suppress(OSError):
        for file in (process / "fd").iterdir():
            with suppress(OSError):
                found.append(str(file.readlink()))
    return found
