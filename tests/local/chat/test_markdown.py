"""Markdown that is still being written: what is finished, what is open, and what is drawn."""

from io import StringIO

import pytest
from rich.console import Console

from local.chat.markdown import Blocks, drawn

TEXT = "# Plan\n\nSquat *well*.\n\n```\nset 1\n\nset 2\n```\n\n1. one\n2. two\n"


def _drawn(text: str) -> str:
    file = StringIO()
    Console(file=file, width=60).print(drawn(text))
    return file.getvalue()


@pytest.mark.parametrize("size", [1, 2, 3, 7, len(TEXT)])
def test_blocks_joined_are_the_text_however_it_was_cut(size: int) -> None:
    blocks = Blocks()
    finished = [blocks.feed(TEXT[start : start + size]) for start in range(0, len(TEXT), size)]
    assert "".join([*finished, blocks.finish()]) == TEXT


def test_an_empty_line_ends_a_block_but_not_within_code() -> None:
    blocks = Blocks()
    assert blocks.feed("Squat well.") == ""
    assert blocks.feed("\n\n```\nset 1\n\nset") == "Squat well.\n\n"
    assert blocks.feed(" 2\n```\n\nRest") == "```\nset 1\n\nset 2\n```\n\n"
    assert blocks.open == "Rest"


def test_a_fence_is_ended_by_its_own_kind_only() -> None:
    blocks = Blocks()
    assert blocks.feed("````\n```\n\n~~~\n\n````\n\n") == "````\n```\n\n~~~\n\n````\n\n"


def test_html_is_text_and_links_show_where_they_lead() -> None:
    shown = _drawn("<script>alert(1)</script> [press](javascript:alert(1)) [see](https://x.example/)")
    assert "<script>alert(1)</script>" in shown
    assert "https://x.example/" in shown
    assert "\x1b]8" not in shown


def test_half_a_block_is_drawn_without_complaint() -> None:
    for end in range(len(TEXT)):
        _drawn(TEXT[:end])
