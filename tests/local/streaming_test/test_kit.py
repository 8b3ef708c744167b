"""`make streaming-test` as a person runs it: in one go, step by step, interrupted."""

import base64
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import project
from local.rie.checks import CHECKS
from tests.local.rie.test_rie import environment, left_after, processes_in

pytestmark = [
    pytest.mark.stack,
    pytest.mark.skipif(sys.platform != "linux", reason="Lambda's emulator is a Linux program"),
]

LIMIT_S = 110.0


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("host")
    done = subprocess.run(
        ["make", "streaming-test-build", f"HOST_BUILD={folder}"],
        cwd=project.ROOT,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=True,
    )
    assert f"built: {folder}/{project.FUNCTION}" in done.stdout
    yield folder / project.FUNCTION
    shutil.rmtree(folder)


def _command(step: str, folder: Path, artifact: Path | None = None) -> list[str]:
    named = ["--artifact", str(artifact)] if artifact is not None else []
    return [sys.executable, "-m", "local.streaming_test", step, "--state-dir", str(folder / "kit"), *named]


def _step(step: str, folder: Path, artifact: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        _command(step, folder, artifact),
        cwd=project.ROOT,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )


def test_one_command_starts_sends_checks_and_stops(artifact: Path, tmp_path: Path) -> None:
    done = _step("run", tmp_path, artifact)
    assert done.returncode == 0, done.stdout + done.stderr
    verdicts = [line.split()[1:] for line in done.stdout.splitlines() if line.startswith("check ")]
    expected = [[target, name, "ok"] for target in ("url", "emulator") for name in CHECKS]
    assert verdicts == expected
    told = f"{2 * len(CHECKS)} answers, none wrong\nstopped: nothing is left running\n"
    assert done.stdout.endswith(told)
    assert left_after(tmp_path) == []
    assert not (tmp_path / "kit").exists()


def _interrupted(artifact: Path, folder: Path, number: signal.Signals) -> tuple[int, str]:
    """Send a signal while events are being sent; return the status and what was said on stderr."""
    with subprocess.Popen(
        _command("run", folder, artifact),
        cwd=project.ROOT,
        env={**environment(folder), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        while not (line := process.stdout.readline()).startswith("sent "):
            assert line, process.stderr and process.stderr.read()
        assert len(processes_in(folder)) > 2
        process.send_signal(number)
        _, said = process.communicate(timeout=LIMIT_S)
    return process.returncode, said


def test_ctrl_c_leaves_nothing_running(artifact: Path, tmp_path: Path) -> None:
    assert _interrupted(artifact, tmp_path, signal.SIGINT) == (130, "streaming-test: stopped\n")
    assert left_after(tmp_path, wait_s=1) == []


def test_what_it_started_does_not_outlive_it_even_when_it_is_killed(artifact: Path, tmp_path: Path) -> None:
    assert _interrupted(artifact, tmp_path, signal.SIGKILL)[0] == -signal.SIGKILL
    assert left_after(tmp_path, wait_s=30) == []


def test_the_steps_one_by_one_tell_what_comes_next_and_what_is_wrong(artifact: Path, tmp_path: Path) -> None:
    early = [_step(step, tmp_path) for step in ("invoke", "check", "stop")]
    assert [done.returncode for done in early] == [1, 1, 0]
    assert early[0].stderr == "streaming-test-invoke: nothing is started; run make streaming-test-start\n"
    assert "run make streaming-test-invoke" in early[1].stderr
    assert early[2].stdout == "nothing was running\n"
    try:
        started = _step("start", tmp_path, artifact)
        assert started.stdout.endswith("next: make streaming-test-invoke\n"), started.stderr
        assert _step("invoke", tmp_path).stdout.endswith("next: make streaming-test-check\n")
    finally:
        assert _step("stop", tmp_path).stdout == "stopped\n"
    assert left_after(tmp_path, wait_s=1) == []
    assert _step("check", tmp_path).returncode == 0
    _make_buffered(tmp_path / "kit" / "answers" / "url" / "words.json")
    wrong = _step("check", tmp_path)
    assert wrong.returncode == 1
    assert "check url      words                WRONG  it did not stream: 1 parts" in wrong.stdout
    assert "1 answers are not as they should be" in wrong.stderr


def _make_buffered(answer: Path) -> None:
    """Make an answer look as if somebody had collected it before sending it on."""
    found = json.loads(answer.read_text())
    whole = b"".join(base64.b64decode(piece) for piece in found["pieces"])
    encoded = base64.b64encode(whole).decode()
    answer.write_text(json.dumps({**found, "pieces": [encoded], "atMs": [found["atMs"][-1]]}))


def test_an_artifact_that_does_not_start_is_named_with_its_log(artifact: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(artifact, broken, ignore=shutil.ignore_patterns("jwt"), copy_function=os.link)
    done = _step("run", tmp_path, broken)
    assert done.returncode == 1
    assert done.stderr.startswith("streaming-test: ")
    assert str(tmp_path / "kit" / "logs" / "function.log") in done.stderr
    assert "No module named 'jwt'" in (tmp_path / "kit" / "logs" / "function.log").read_text()
    assert left_after(tmp_path, wait_s=1) == []


def test_without_an_artifact_one_is_told_to_build_it(tmp_path: Path) -> None:
    done = _step("start", tmp_path, tmp_path / "nothing")
    assert done.returncode == 1
    assert "run `make streaming-test-build`" in done.stderr
