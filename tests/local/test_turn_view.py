"""A turn in the terminal: what is the answer, what is an aside, and where each goes."""

from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from local.errors import RequestRefused
from local.turn_view import TurnView, next_step, summary

DIM_ITALIC, DIM, PLAIN = "\x1b[2;3m", "\x1b[2m", "\x1b[0m"
GREETING = {"type": "contextual", "stage": "initial_greeting", "content": "Let's dive in.\n"}
PROGRESS = {"type": "progress", "stage": "routing", "message": "Reading your message"}
COMPLETE = {
    "type": "complete",
    "timings": {"firstTokenMs": 420, "totalMs": 2_512},
    "usage": {"inputTokens": 512, "outputTokens": 120, "costUsd": 0.0021},
}
FIGURES = "· first words after 0.42 s, 2.51 s in all, 512 tokens in, 120 out, $0.00210"


def _chunk(content: str) -> dict[str, Any]:
    return {"type": "chunk", "content": content}


def _on_terminal(*events: dict[str, Any]) -> str:
    file = StringIO()
    console = Console(file=file, force_terminal=True, color_system="standard", soft_wrap=True)
    TurnView(console, console).show(events)
    return file.getvalue()


def _to_file(*events: dict[str, Any]) -> tuple[str, str]:
    answer, aside = StringIO(), StringIO()
    TurnView(Console(file=answer), Console(file=aside)).show(events)
    return answer.getvalue(), aside.getvalue()


def test_asides_are_dim_and_slanted_and_the_answer_is_plain() -> None:
    shown = _on_terminal(GREETING, _chunk("Start "), _chunk("light."))
    assert shown == f"{DIM_ITALIC}Let's dive in.{PLAIN}\nStart light.\n"


def test_progress_is_a_dim_line() -> None:
    assert _on_terminal(PROGRESS) == f"{DIM}· Reading your message{PLAIN}\n"


def test_what_comes_after_the_answer_starts_on_a_line_of_its_own() -> None:
    assert _on_terminal(_chunk("Done."), COMPLETE) == f"Done.\n{DIM}{FIGURES}{PLAIN}\n"


def test_a_file_gets_the_answer_alone() -> None:
    answer, aside = _to_file(PROGRESS, GREETING, _chunk("Start "), _chunk("light."), COMPLETE)
    assert answer == "Start light.\n"
    assert aside == f"· Reading your message\nLet's dive in.\n{FIGURES}\n"


def test_the_models_text_cannot_control_the_terminal() -> None:
    answer, _ = _to_file(_chunk("\x1b[2Jtab\tstays\r\x07, so does é and 💪\n"))
    assert answer == "[2Jtab\tstays, so does é and 💪\n\n"


def test_markup_and_long_lines_are_left_alone() -> None:
    long = "[bold]" + "word " * 60
    assert _to_file(_chunk(long))[0] == long + "\n"


def test_an_error_ends_the_line_and_is_raised() -> None:
    error = {"type": "error", "code": "MODEL_THROTTLED", "message": "Try later.", "retryable": True}
    with pytest.raises(RequestRefused, match=r"MODEL_THROTTLED: Try later\."):
        _on_terminal(_chunk("Sta"), error)


def test_events_of_a_later_version_are_passed_over() -> None:
    assert _on_terminal({"type": "sparkle"}, _chunk("Hi")) == "Hi\n"


def test_figures_that_are_absent_are_left_out() -> None:
    assert summary({"type": "complete", "timings": {"totalMs": 1000}}) == "1.00 s in all"
    assert summary({"type": "complete"}) == "done"


def test_every_error_has_a_next_step() -> None:
    assert next_step("CONVERSATION_NOT_FOUND") == "start a new one with --new"
    assert next_step("SOMETHING_NEW").startswith("say it again")
