"""`coach say` and `coach chat` against the running stack: on a terminal and in a pipe."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local import project
from tests.local.chat.terminal import Terminal, at_terminal
from tests.stack.client import Person, Stack, eventually

pytestmark = [
    pytest.mark.stack,
    # A pseudo terminal is had by forking, which Python warns of in a process with threads.
    pytest.mark.filterwarnings("ignore:.*use of forkpty.*:DeprecationWarning"),
]

SLOW = {"firstTokenMs": 50, "interTokenMs": 60}


@pytest.fixture
def person(stack: Stack) -> Person:
    return stack.person()


def _environment(person: Person) -> dict[str, str]:
    url = person.stack.endpoints.function_url
    return {**os.environ, "COACH_URL": url, "COACH_TOKEN": person.token, "PYTHONUNBUFFERED": "1"}


def _command(folder: Path, *arguments: str) -> list[str]:
    name, *rest = arguments
    return [sys.executable, "-m", "local.cli", name, "--state-dir", str(folder), *rest]


@contextmanager
def _chatting(person: Person, folder: Path) -> Iterator[Terminal]:
    with at_terminal(_command(folder, "chat"), _environment(person)) as terminal:
        terminal.until("/help shows what there is")
        terminal.until("›")
        yield terminal


def _piped(person: Person, folder: Path, *arguments: str, said: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        _command(folder, *arguments),
        cwd=project.ROOT,
        env=_environment(person),
        input=said,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _stored_answers(person: Person) -> list[str]:
    [row] = person.stack.http.get(person.path, headers=person.headers).json()["conversations"]
    path = f"{person.path}/{row['conversationId']}/messages"
    messages = person.stack.http.get(path, headers=person.headers).json()["messages"]
    return [str(message["content"]) for message in messages if message["role"] == "assistant"]


def test_a_person_talks_stops_and_looks_back(person: Person, tmp_path: Path) -> None:
    stack = person.stack
    with _chatting(person, tmp_path) as terminal:
        terminal.press("/say Squat **deep** today.\r")
        terminal.until("first words after")
        assert "Squat \x1b[1mdeep\x1b[0m today." in terminal.raw
        terminal.until("›")
        stack.emulator.play(**SLOW)
        terminal.press("How do I warm up?\r")
        terminal.until("stand-in")
        terminal.press("\x03")
        terminal.until("stopping")
        terminal.until("stopped; what was said is saved")
        stack.emulator.play()
        terminal.press("/history\r")
        terminal.until("Squat **deep** today.")
        terminal.press("/memories\r")
        terminal.until("nothing is remembered")
        terminal.press("/conversations\r")
        terminal.until("*  1")
        terminal.press("/nope\r")
        terminal.until("there is no command /nope")
        terminal.press("/new\r")
        terminal.until("a new conversation with atlas")
        terminal.press("/open 2\r")
        terminal.until("Squat **deep** today.")
        terminal.until("›")
        terminal.press("\x04")
        assert terminal.ended() == 0
    history = (tmp_path / "chat-history").read_text()
    assert "Squat **deep** today." in history
    assert (tmp_path / "chat-history").stat().st_mode & 0o077 == 0


def test_a_second_ctrl_c_leaves_and_the_turn_is_stopped(person: Person, tmp_path: Path) -> None:
    person.stack.emulator.play(**SLOW)
    command = _command(tmp_path, "say", "/say " + "on and on " * 300)
    with at_terminal(command, _environment(person)) as terminal:
        terminal.until("on and on")
        terminal.press("\x03")
        terminal.until("stopping")
        terminal.press("\x03")
        assert terminal.ended() == 130
        assert "left; the answer is stopped" in terminal.shown
        assert "\x1b[?25h" in terminal.raw
    eventually(lambda: len(_stored_answers(person)) == 1)
    assert len(_stored_answers(person)[0]) < 2_000


def test_several_lines_are_one_message(person: Person, tmp_path: Path) -> None:
    with _chatting(person, tmp_path) as terminal:
        terminal.press("/say first\x1b\rsecond\r")
        terminal.until("first words after")
        terminal.press("/quit\r")
        assert terminal.ended() == 0
    # What was typed before the prompt was there again was not lost.
    assert _stored_answers(person)[0].endswith("first\nsecond")


def test_in_a_pipe_it_is_the_answer_alone(person: Person, tmp_path: Path) -> None:
    done = _piped(person, tmp_path, "say", "/say just *this*")
    assert (done.returncode, done.stdout) == (0, "just *this*\n")
    assert "\x1b" not in done.stdout + done.stderr


def test_lines_of_a_pipe_are_messages_and_commands(person: Person, tmp_path: Path) -> None:
    done = _piped(person, tmp_path, "chat", said="/say one\n\n/workouts\n/say two\n/quit\n/say three\n")
    assert done.stdout == "one\nno workouts yet; /log-workout 5x5 squats at 80 kg\ntwo\n"
    assert (done.returncode, "\x1b" in done.stdout + done.stderr) == (0, False)
    wrong = _piped(person, tmp_path, "chat", said="/forget nothing-there\n")
    assert (wrong.returncode, "MEMORY_NOT_FOUND" in wrong.stderr) == (1, True)
    assert "/memories lists what is remembered" in wrong.stderr


def test_a_refusal_goes_to_stderr_with_what_to_do(person: Person, tmp_path: Path) -> None:
    done = _piped(person, tmp_path, "say", "--conversation", "01NOSUCH", "hello")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("coach: CONVERSATION_NOT_FOUND")
    assert "start a new one with --new" in done.stderr
