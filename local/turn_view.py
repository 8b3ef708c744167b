"""A turn in a terminal: the answer plain, the coach's asides dimmed and slanted, progress in dim lines."""

from collections.abc import Iterable

from rich.console import Console

from local.coach_client import Event
from local.errors import RequestRefused

ASIDE = "dim italic"
PROGRESS = "dim"
NOTICE = "yellow"
# A model's text is data: nothing in it may move the cursor or change the terminal.
_CONTROLS = dict.fromkeys([*range(0x09), *range(0x0B, 0x20), 0x7F, *range(0x80, 0xA0)])

NEXT_STEPS = {
    "CONVERSATION_NOT_FOUND": "start a new one with --new",
    "CONVERSATION_BUSY": "its last turn still runs; say it again in a moment",
    "COACH_CONFIG_NOT_FOUND": "there is no such coach; leave --coach out to use the starter coach",
    "BUDGET_EXCEEDED": "wait for midnight UTC, or raise --env DAILY_BUDGET_CENTS",
    "RATE_LIMITED": "wait a minute, or start the stack with --env TURNS_PER_MINUTE=0",
    "TOKEN_EXPIRED": "this machine's clock may have jumped; say it again",
    "INVALID_TOKEN": "the signing key may be new; restart the stack",
    "STORE_UNAVAILABLE": "see ministack.log in the state directory's logs",
    "PROCESSING_ERROR": "see function.log in the state directory's logs",
    "BROKEN_STREAM": "see function.log in the state directory's logs; what was said is saved",
    "UNREACHABLE": "check the address, or start the stack with `coach up` (or `make run`)",
}
_SAY_AGAIN = "say it again; with the same trouble, see function.log in the state directory's logs"


class TurnView:
    """Writes a turn's events to two consoles: `answer` gets what the coach says, `aside` all the rest.

    On a terminal both are one and the same. Where the answer goes to a file or pipe, it goes there alone.
    """

    def __init__(self, answer: Console, aside: Console) -> None:
        self._answer, self._aside = answer, aside
        self._fresh_line = True
        self._answered = False

    def show(self, events: Iterable[Event]) -> None:
        """Show events as they come. Raises RequestRefused when the turn ends in an error."""
        try:
            for event in events:
                self.take(event)
        finally:
            self.end()

    def tick(self) -> None:
        """Draw nothing by the clock."""

    def say(self, text: str) -> None:
        """Show a line beside the answer."""
        self._line(text, PROGRESS)

    def end(self) -> None:
        """End the answer's line; once is enough."""
        self._end_line()
        if self._answered and self._answer is not self._aside:
            self._answer.out("")
        self._answered = False

    def take(self, event: Event) -> None:
        """Show an event. Raises RequestRefused for an `error`."""
        match event:
            case {"type": "chunk", "content": str(content)}:
                self._say(content)
            case {"type": "contextual", "content": str(content)}:
                self._end_line_before_aside()
                self._write(self._aside, content, ASIDE)
            case {"type": "progress", "message": str(message)}:
                self._line(f"· {message}", PROGRESS)
            case {"type": "recall", "memories": list(memories)}:
                self._line(f"· recalled {len(memories)} memories", PROGRESS)
            case {"type": "notice", "message": str(message)}:
                self._line(f"! {message}", NOTICE)
            case {"type": "reconnecting"}:
                self._line("· the connection broke; trying again", PROGRESS)
            case {"type": "complete"}:
                self._line(f"· {summary(event)}", PROGRESS)
            case {"type": "error"}:
                raise RequestRefused(str(event.get("code")), str(event.get("message")))
            case _:
                return

    def _say(self, content: str) -> None:
        self._answered = True
        self._write(self._answer, content, "")

    def _end_line_before_aside(self) -> None:
        if self._answered:
            self._end_line()

    def _line(self, text: str, style: str) -> None:
        self._end_line()
        self._write(self._aside, f"{text}\n", style)

    def _end_line(self) -> None:
        if not self._fresh_line:
            self._write(self._aside, "\n", "")

    def _write(self, console: Console, text: str, style: str) -> None:
        shown = printable(text)
        if not shown:
            return
        if style:
            console.out(shown, style=style, highlight=False, end="")
        else:
            console.file.write(shown)  # unstyled text as it is: rich would turn its tabs into spaces
        console.file.flush()
        if console is self._aside or self._answer is self._aside:
            self._fresh_line = shown.endswith("\n")


def consoles() -> tuple[Console, Console]:
    """Return where the answer goes (stdout) and where the rest goes (stderr if stdout is no terminal)."""
    answer = Console(soft_wrap=True)
    return answer, answer if answer.is_terminal else Console(stderr=True, soft_wrap=True)


def printable(text: str) -> str:
    """Return a text without what would move the cursor or change the terminal."""
    return text.translate(_CONTROLS)


def summary(complete: Event) -> str:
    """Return one line of figures from a `complete` event; a figure that is absent is left out."""
    timings, usage = complete.get("timings") or {}, complete.get("usage") or {}
    parts = []
    if (first_ms := timings.get("firstTokenMs")) is not None:
        parts.append(f"first words after {first_ms / 1000:.2f} s")
    if (total_ms := timings.get("totalMs")) is not None:
        parts.append(f"{total_ms / 1000:.2f} s in all")
    if "inputTokens" in usage:
        parts.append(f"{usage['inputTokens']} tokens in, {usage.get('outputTokens', 0)} out")
    if (cost := usage.get("costUsd")) is not None:
        parts.append(f"${cost:.5f}")
    return ", ".join(parts) or "done"


def next_step(code: str) -> str:
    """Return what a person can do about an error of this code."""
    return NEXT_STEPS.get(code, _SAY_AGAIN)
