"""The whole stack as a process: it starts, tells where it is, and leaves nothing behind, however it ends."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from libs.memory.ports import IndexedText
from local import project
from local.coach_client import CoachClient
from local.endpoints import Endpoints, load_endpoints
from local.errors import NotRunning
from local.signing_key import load_or_make
from local.stack import running_stack
from local.state_dir import StateDir, is_alive
from local.tokens import parse_user_id, sign_token
from stream_coach.adapters.pinecone import PineconeIndex

pytestmark = pytest.mark.stack

WAIT_S = 20.0


def _until[T](find: Callable[[], T | None], what: str) -> T:
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        if (found := find()) is not None:
            return found
        time.sleep(0.01)
    raise AssertionError(f"{what} did not come about in {WAIT_S:.0f} s")


def _coach(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "local.cli", *arguments]
    return subprocess.run(command, cwd=project.ROOT, capture_output=True, text=True, timeout=60, check=False)


@contextmanager
def _up(state: StateDir, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Run `coach up`; whatever the test did not end is killed."""
    command = [
        sys.executable,
        "-m",
        "local.cli",
        "up",
        "--port",
        "0",
        "--state-dir",
        str(state.root),
        *options,
    ]
    with subprocess.Popen(
        command, cwd=project.ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _endpoints(state: StateDir) -> Endpoints | None:
    try:
        return load_endpoints(state)
    except NotRunning:
        return None


def _ready(state: StateDir) -> Endpoints:
    return _until(lambda: _endpoints(state), "a running stack")


def _all_gone(*pids: int) -> bool | None:
    return None if any(is_alive(pid) for pid in pids) else True


def _pids(endpoints: Endpoints) -> list[int]:
    return [endpoints.pid, *(pid for pids in endpoints.pids.values() for pid in pids)]


def _hurry(endpoints: Endpoints) -> None:
    """Let the emulated models answer without their usual pauses."""
    at_once = {"routerMs": 1, "firstTokenMs": 1, "interTokenMs": 0}
    httpx.put(f"{endpoints.bedrock}/_emulator/script", json=at_once, trust_env=False).raise_for_status()


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> StateDir:
    return StateDir(tmp_path_factory.mktemp("stack"))


@pytest.fixture(scope="module")
def endpoints(state: StateDir) -> Iterator[Endpoints]:
    with running_stack(state.root) as endpoints:
        _hurry(endpoints)
        yield endpoints


def test_the_function_answers_where_the_file_says(endpoints: Endpoints) -> None:
    assert httpx.get(f"{endpoints.function_url}/health", trust_env=False).status_code == 200


def test_the_issuers_keys_are_where_the_file_says(endpoints: Endpoints) -> None:
    keys = httpx.get(endpoints.jwks_url, trust_env=False).json()["keys"]
    assert [key["kid"] for key in keys] == [endpoints.signing_key_id]
    assert Path(endpoints.signing_key_file).exists()


def test_the_vector_index_is_where_the_file_says_and_in_the_state(
    state: StateDir, endpoints: Endpoints
) -> None:
    with closing(PineconeIndex(endpoints.pinecone, "local", search_timeout_s=5)) as index:
        index.upsert("alice", [IndexedText("knee", "memory", "left knee hurts", (1.0, 0.5), {})])
        (found,) = index.search("alice", (1.0, 0.5), types=["memory"], limit=1)
    assert found.text == "left knee hurts"
    assert state.pinecone.exists()


def test_every_process_is_named(endpoints: Endpoints) -> None:
    assert [len(endpoints.pids[part]) for part in ("ministack", "function", "worker")] == [1, 2, 1]
    assert all(is_alive(pid) for pid in _pids(endpoints))


def test_nothing_listens_beyond_this_machine(endpoints: Endpoints) -> None:
    for url in (endpoints.function_url, endpoints.bedrock, endpoints.aws, endpoints.jwks_url):
        assert str(url).startswith("http://127.0.0.1:")


def test_a_container_gets_the_functions_environment(endpoints: Endpoints, state: StateDir) -> None:
    environment = json.loads(state.env_vars.read_text())["StreamCoachFunction"]
    assert environment["TABLE_NAME"] == endpoints.table_name
    assert environment["JWKS_URL"].startswith("http://host.docker.internal:")
    assert environment.keys().isdisjoint({"PATH", "HOME", "AWS_ACCESS_KEY_ID"})


def test_a_second_stack_on_the_directory_is_refused(endpoints: Endpoints, state: StateDir) -> None:
    result = _coach("up", "--port", "0", "--state-dir", str(state.root))
    assert result.returncode == 1
    assert f"a stack already runs on '{state.root}' (process {endpoints.pid})" in result.stderr
    assert _endpoints(state) == endpoints


def test_a_taken_port_is_one_clear_line(endpoints: Endpoints, tmp_path: Path) -> None:
    port = endpoints.function_url.rpartition(":")[2]
    result = _coach("up", "--quiet", "--port", port, "--state-dir", str(tmp_path))
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr == f"coach: port {port} is taken; choose another with --port\n"
    ministack_port = int((tmp_path / "ministack-port").read_text())
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", ministack_port)) != 0


def test_say_answers_and_the_next_one_continues(endpoints: Endpoints, state: StateDir) -> None:
    first = _coach("say", "--state-dir", str(state.root), "--user", "sayer", "Hello coach, how are you?")
    assert first.returncode == 0, first.stderr
    assert first.stdout.strip()
    conversation = json.loads(state.conversations.read_text())["sayer/atlas"]
    second = _coach("say", "--state-dir", str(state.root), "--user", "sayer", "And now?")
    assert second.returncode == 0, second.stderr
    assert json.loads(state.conversations.read_text())["sayer/atlas"] == conversation


def test_a_remembered_conversation_that_is_gone_is_replaced(endpoints: Endpoints, state: StateDir) -> None:
    state.conversations.write_text('{"other/atlas": "no-such-conversation"}')
    result = _coach("say", "--state-dir", str(state.root), "--user", "other", "Hello coach, how are you?")
    assert result.returncode == 0, result.stderr
    assert json.loads(state.conversations.read_text())["other/atlas"] != "no-such-conversation"


def test_a_wished_conversation_that_is_not_there_is_an_error(endpoints: Endpoints, state: StateDir) -> None:
    result = _coach("say", "--state-dir", str(state.root), "--conversation", "nope", "Hello")
    assert result.returncode == 1
    assert "CONVERSATION_NOT_FOUND" in result.stderr
    assert "start a new one with --new" in result.stderr


@pytest.mark.parametrize("way", [(), ("--direct",)])
def test_words_arrive_one_by_one(endpoints: Endpoints, state: StateDir, way: tuple[str, ...]) -> None:
    options = ("--delay", "0.05", "--format", "text", "--sentence", "one two three")
    result = _coach("words", "--state-dir", str(state.root), *options, *way)
    assert result.returncode == 0, result.stderr
    assert result.stdout == "one two three\n"
    assert result.stderr.startswith("3 pieces")


def test_sigterm_ends_everything_and_saves_the_state(tmp_path: Path) -> None:
    state = StateDir(tmp_path)
    with _up(state, "--quiet") as process:
        endpoints = _ready(state)
        process.send_signal(signal.SIGTERM)
        assert process.wait(WAIT_S) == 0
        assert _all_gone(*_pids(endpoints))
        assert not state.endpoints.exists()
        assert process.stdout is not None
        assert process.stdout.read() == ""
    assert (state.ministack / "dynamodb.json").exists()


def test_a_running_turn_ends_before_its_stack(tmp_path: Path) -> None:
    state = StateDir(tmp_path)
    with _up(state, "--quiet") as process:
        endpoints = _ready(state)
        token = sign_token(load_or_make(state.signing_key), parse_user_id("demo"), now_s=int(time.time()))
        client = CoachClient(endpoints.function_url, token, "demo", "atlas")
        with closing(client.say(client.create_conversation(), "How should I warm up?")) as events:
            next(event for event in events if event["type"] == "chunk")
            process.send_signal(signal.SIGTERM)
            assert list(events)[-1]["type"] == "complete"
        assert process.wait(WAIT_S) == 0


def test_sigkill_leaves_no_process_and_a_state_to_start_from(tmp_path: Path) -> None:
    state = StateDir(tmp_path)
    with _up(state, "--quiet") as process:
        killed = _ready(state)
        process.kill()
        process.wait()
        assert _endpoints(state) is None
        with running_stack(state.root) as endpoints:
            assert endpoints.aws == killed.aws
            _until(lambda: _all_gone(*_pids(killed)), "the end of a killed stack's processes")


def test_ctrl_c_during_the_start_leaves_nothing(tmp_path: Path) -> None:
    state = StateDir(tmp_path)
    with _up(state) as process:
        _until(lambda: state.ministack_port.exists() or None, "the start of a stack")
        process.send_signal(signal.SIGINT)
        assert process.wait(WAIT_S) == 0
        assert not state.endpoints.exists()
    assert _owned(state) == []


def test_a_dead_ministack_ends_the_stack_with_a_word_about_it(tmp_path: Path) -> None:
    state = StateDir(tmp_path)
    with _up(state, "--quiet") as process:
        endpoints = _ready(state)
        os.kill(endpoints.pids["ministack"][0], signal.SIGKILL)
        assert process.wait(WAIT_S) == 1
        assert process.stdout is not None
        assert "MiniStack ended by itself" in process.stdout.read()
        assert _all_gone(*_pids(endpoints))


def test_the_demo_streams_a_turn_and_its_curl_line_works(tmp_path: Path) -> None:
    state = StateDir(tmp_path)
    with _up(state, "--demo") as process:
        assert process.stdout is not None
        lines: list[str] = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("Ctrl-C"):
                break
        shown = "".join(lines)
        assert re.search(r" s  ready +http://127\.0\.0\.1:\d+\n", shown)
        assert "demo: How should I warm up for heavy squats?" in shown
        assert "first words after" in shown
        _hurry(load_endpoints(state))
        [curl] = [line for line in lines if line.startswith("curl -N ")]
        assert _streamed(shlex.split(curl)).count('"type":"complete"') == 1


def _streamed(curl: list[str]) -> str:
    """Do what the printed curl line does."""
    _, _, url, *rest = curl
    headers = dict(rest[n + 1].split(": ", 1) for n in range(0, 6, 2))
    response = httpx.post(url, headers=headers, content=rest[-1], timeout=30, trust_env=False)
    assert response.status_code == 200
    return response.text


def _owned(state: StateDir) -> list[str]:
    """Return the processes that work for the stack of this directory, by what their environment says."""
    port = state.ministack_port.read_text()
    marks = (f"127.0.0.1:{port}".encode(), f"GATEWAY_PORT={port}".encode())
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes()
        except OSError:
            continue
        if any(mark in environment for mark in marks):
            found.append((process / "cmdline").read_text())
    return found
