"""Markdown that is still being written: whole blocks are drawn once, only the last one is drawn again.

A model's text is data: it is drawn without HTML and without terminal hyperlinks.
"""

import re
from typing import Final

from markdown_it import MarkdownIt
from rich.markdown import Markdown

_PARSER: Final = MarkdownIt("commonmark", {"html": False}).enable(["strikethrough", "table"])
_FENCE: Final = re.compile(r" {0,3}(`{3,}|~{3,})")


class Blocks:
    """Cuts a text that grows into blocks; `open` is the one that is not finished."""

    def __init__(self) -> None:
        self.open = ""

    def feed(self, text: str) -> str:
        """Add text and return the blocks that it finished, "" when it finished none.

        A block ends at an empty line that is not within a fence of code.
        """
        self.open += text
        end = _end_of_finished(self.open)
        finished, self.open = self.open[:end], self.open[end:]
        return finished

    def finish(self) -> str:
        """Return what is left."""
        finished, self.open = self.open, ""
        return finished


def _end_of_finished(text: str) -> int:
    """Return behind which offset the unfinished block begins."""
    end = position = 0
    fence = ""
    for line in text.splitlines(keepends=True):
        position += len(line)
        if not line.endswith("\n"):
            break
        found = _FENCE.match(line)
        if found is not None and not fence:
            fence = found[1]
        elif found is not None and found[1].startswith(fence) and not line[found.end() :].strip():
            fence = ""
        if not line.strip() and not fence:
            end = position
    return end


def drawn(text: str) -> Markdown:
    """Return the text for a rich console."""
    markdown = Markdown("", hyperlinks=False)
    markdown.parsed = _PARSER.parse(text)
    return markdown
