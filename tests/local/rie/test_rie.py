"""`make rie` as a person runs it: built, tried, nothing left behind."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import project
from local.rie.checks import CHECKS

pytestmark = [
    pytest.mark.stack,
    pytest.mark.skipif(sys.platform != "linux", reason="Lambda's emulator is a Linux program"),
]

LIMIT_S = 100.0


def environment(temporary: Path) -> dict[str, str]:
    """Return an environment in which no outer make is seen, and all temporary files are in one place."""
    outer = {
        name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")
    }
    return {**outer, "TMPDIR": str(temporary)}


def command(artifact: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "local.rie", "--artifact", str(artifact), *arguments]


def processes_in(place: Path) -> list[int]:
    """Return the processes whose environment names a file below `place`."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"{place}/".encode() in (process / "environ").read_bytes():
                found.append(int(process.name))
        except OSError:
            continue  # it has ended, or belongs to someone else
    return found


def left_after(place: Path, wait_s: float = 10.0) -> list[int]:
    deadline = time.monotonic() + wait_s
    while (left := processes_in(place)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return left


@pytest.fixture(scope="module")
def built(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Path, subprocess.CompletedProcess[str]]]:
    """Run `make rie` once, into a folder of its own."""
    folder = tmp_path_factory.mktemp("host")
    temporary = tmp_path_factory.mktemp("tmp")
    done = subprocess.run(
        ["make", "rie", f"HOST_BUILD={folder}"],
        cwd=project.ROOT,
        env=environment(temporary),
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    yield folder / project.FUNCTION, done
    shutil.rmtree(folder)


def test_the_artifact_answers_every_sample_event_as_it_should(
    built: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    _, done = built
    assert done.returncode == 0, done.stdout + done.stderr
    *events, summary = done.stdout.splitlines()
    assert [(line.split()[0], line.split()[-1]) for line in events] == [(name, "ok") for name in CHECKS]
    assert summary.startswith(f"{len(CHECKS)} events, all answered as they should be")


def test_an_artifact_that_lacks_a_package_fails_although_it_is_installed_here(
    built: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(built[0], broken, ignore=shutil.ignore_patterns("jwt"), copy_function=os.link)
    done = subprocess.run(
        command(broken, "--event", "words"),
        cwd=project.ROOT,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 1
    assert "create-conversation" in done.stdout
    assert "WRONG" in done.stdout
    (log,) = tmp_path.glob("stream-coach-rie-*/logs/function.log")
    assert str(log) in done.stderr
    assert "No module named 'jwt'" in log.read_text()
    assert left_after(tmp_path) == []


def test_told_to_stop_it_leaves_nothing(
    built: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    with subprocess.Popen(
        command(built[0]),
        cwd=project.ROOT,
        env={**environment(tmp_path), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        assert len(processes_in(tmp_path)) > 2
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=LIMIT_S)
    assert first.startswith("create-conversation")
    assert (process.returncode, said) == (130, "rie: stopped\n")
    assert left_after(tmp_path) == []
    assert list(tmp_path.iterdir()) == []
