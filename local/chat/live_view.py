"""A turn on a terminal: asides dimmed, a spinner while waiting, Markdown as it is written.

What is finished is printed once and scrolls away. Only the block that is being written, or the spinner, is
drawn again, in one write a frame and at most 16 times a second.
"""

import time
from typing import Final

from rich.console import Console, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from local.chat.markdown import Blocks, drawn
from local.chat.steady import RECONNECTING
from local.coach_client import Event
from local.errors import RequestRefused
from local.turn_view import ASIDE, NOTICE, PROGRESS, printable, summary

FRAME_S: Final = 1 / 16
WAITING: Final = "…"


class LiveView:
    """Draws one turn. Shape  `console` is a terminal"""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._blocks = Blocks()
        self._status = WAITING
        self._spinner = Spinner("dots", style=PROGRESS)
        self._live = Live(console=console, auto_refresh=False, transient=True, vertical_overflow="ellipsis")
        self._drawn_s, self._shown = 0.0, ""
        self._answered = self._ended = False
        self._live.start()

    def take(self, event: Event) -> None:
        """Show an event. Raises RequestRefused for an `error`."""
        match event:
            case {"type": "chunk", "content": str(content)}:
                self._status = ""
                self._print(self._blocks.feed(printable(content)))
            case {"type": "contextual", "content": str(content)}:
                self._flush()
                self._line(printable(content).strip(), ASIDE)
            case {"type": "progress", "message": str(message)}:
                self._status = printable(message)
            case {"type": "recall", "memories": list(memories)}:
                self._line(f"· recalled {_listed(memories)}", PROGRESS)
            case {"type": "notice", "message": str(message)}:
                self._flush()
                self._line(f"! {printable(message)}", NOTICE)
            case {"type": kind} if kind == RECONNECTING:
                self._status = f"the connection broke; again in {event['inS']:g} s"
            case {"type": "complete"}:
                self._flush()
                self._line(f"· {summary(event)}", PROGRESS)
            case {"type": "error"}:
                self._flush()
                raise RequestRefused(str(event.get("code")), str(event.get("message")))

    def tick(self) -> None:
        """Draw a frame when it is time for one."""
        now_s = time.monotonic()
        if self._ended or now_s - self._drawn_s < FRAME_S:
            return
        if self._status or self._blocks.open != self._shown:
            self._drawn_s, self._shown = now_s, self._blocks.open
            self._live.update(self._frame(), refresh=True)

    def say(self, text: str) -> None:
        self._line(text, PROGRESS)
        self._status = ""

    def end(self) -> None:
        """Print what is left and give the terminal back."""
        if not self._ended:
            self._flush()
            self._ended = True
            self._live.update(Text(""), refresh=True)
            self._live.stop()

    def _above(self, shown: RenderableType) -> None:
        """Print something that stays, above what is drawn again: both in one write."""
        with self._console:
            if not self._ended:
                self._live.update(self._frame(), refresh=True)
            self._console.print(shown)

    def _frame(self) -> RenderableType:
        if self._blocks.open.strip():
            return drawn(self._blocks.open)
        if not self._status:
            return Text("")
        self._spinner.update(text=Text(self._status, style=PROGRESS))
        return self._spinner

    def _flush(self) -> None:
        self._print(self._blocks.finish())

    def _print(self, blocks: str) -> None:
        """Print finished blocks, with an empty line to the ones before."""
        if blocks.strip():
            if self._answered:
                self._above(Text(""))
            self._answered = True
            self._above(drawn(blocks))

    def _line(self, text: str, style: str) -> None:
        if text:
            self._above(Text(text, style=style))


def _listed(memories: list[object]) -> str:
    return "a memory" if len(memories) == 1 else f"{len(memories)} memories"
