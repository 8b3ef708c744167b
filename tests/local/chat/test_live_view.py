"""A turn drawn on a terminal: what stays, what is drawn again, and that nothing else is touched."""

import re
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from local.chat.live_view import LiveView
from local.errors import RequestRefused

_CONTROLS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Screen:
    """A view on a file that takes itself for a terminal."""

    def __init__(self) -> None:
        self._file = StringIO()
        console = Console(file=self._file, force_terminal=True, width=60, height=20, color_system="standard")
        self.view = LiveView(console)

    def show(self, *events: dict[str, Any]) -> str:
        """Take events with a frame after each, end, and return all that was written."""
        for event in events:
            self.view.take(event)
            self.view.tick()
        self.view.end()
        return self._file.getvalue()


def _chunk(content: str) -> dict[str, Any]:
    return {"type": "chunk", "content": content}


def test_the_answer_is_drawn_as_markdown_and_stays() -> None:
    shown = Screen().show(_chunk("Squat **we"), _chunk("ll**.\n\nRest"), {"type": "complete"})
    assert "Squat \x1b[1mwell\x1b[0m." in shown
    lines = [line.strip() for line in re.split("[\r\n]", _CONTROLS.sub("", shown)) if line.strip()]
    assert lines[-2:] == ["Rest", "· done"]


def test_a_finished_block_is_not_drawn_again_below_itself() -> None:
    screen = Screen()
    screen.view.take(_chunk("First block"))
    screen.view._drawn_s = 0.0
    screen.view.tick()
    shown = screen.show(_chunk("\n\nSecond"))
    plain = _CONTROLS.sub("", shown.replace("\x1b[2K", "\n"))
    assert plain.count("First block") == 2  # once while it was written, once to stay


def test_asides_are_dim_and_the_spinner_says_what_is_done() -> None:
    shown = Screen().show(
        {"type": "contextual", "stage": "initial_greeting", "content": "Let's dive in.\n"},
        {"type": "progress", "stage": "routing", "message": "Reading your message"},
    )
    assert "\x1b[2;3mLet's dive in." in shown
    assert shown.count("Reading your message") <= 1
    assert shown.endswith("\x1b[?25h") or "\x1b[?25h" in shown


def test_an_error_leaves_the_terminal_as_it_was() -> None:
    screen = Screen()
    with pytest.raises(RequestRefused, match="MODEL_THROTTLED"):
        screen.show(_chunk("Half"), {"type": "error", "code": "MODEL_THROTTLED", "message": "Later."})
    screen.view.end()
    shown = screen.show()
    assert "Half" in shown
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")


def test_the_models_text_cannot_control_the_terminal() -> None:
    shown = Screen().show(_chunk("a\x1b[2Jb\x07\rc"), {"type": "notice", "message": "\x1b]0;title\x07x"})
    assert "\x1b[2J" not in shown
    assert "\x1b]0" not in shown
    assert "\x07" not in shown


def test_a_broken_connection_and_memories_are_told() -> None:
    shown = Screen().show(
        {"type": "recall", "memories": [{"memoryId": "m"}]}, {"type": "reconnecting", "inS": 0.3}
    )
    assert "recalled a memory" in shown
