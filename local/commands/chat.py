"""`coach chat`: a conversation in the terminal."""

import sys
from collections.abc import Iterator
from typing import Any

import click

from local.chat.session import Session
from local.chat.slash import Leave
from local.chat.turn import Left
from local.commands.conversing import STOPPED, open_session, session_options
from local.commands.options import clear_errors
from local.state_dir import StateDir


@click.command()
@session_options
def chat(*, state: StateDir, **chosen: Any) -> None:
    """Talk to the coach: answers appear as they are written, asides are dimmed.

    Enter sends, Alt-Enter begins a new line, the arrow keys bring back what you wrote before. Ctrl-C stops
    the answer on the server (what was said is saved), a second one leaves. A connection that breaks is taken
    up again by itself. /help lists the commands: /new /conversations /open /history /memories /forget
    /workouts /coach /quit.

    Where standard input is no terminal each line is a message or a command; where standard output is none
    it gets the answers alone. Exit status: 0, 1 when something failed, 130 after Ctrl-C.

    \b
    Examples:
      coach chat
      coach chat --new --coach atlas
      coach chat --url https://abc123.lambda-url.us-east-1.on.aws --token eyJ…
      printf 'Good morning\\n/workouts\\n' | coach chat
    """
    session = open_session(state=state, **chosen)
    with clear_errors():
        sys.exit(_talk(session, state))


def _talk(session: Session, state: StateDir) -> int:
    """Take line after line; return the exit status."""
    typed, well = sys.stdin.isatty(), True
    try:
        for line in _lines(session, state, typed=typed):
            if line.strip():
                well = _take(session, line, typed=typed) and well
    except Leave:
        pass
    except Left as left:
        click.echo(f"left; {left}", err=True)
        return STOPPED
    except KeyboardInterrupt:
        return STOPPED
    return 0 if well or typed else 1


def _take(session: Session, line: str, *, typed: bool) -> bool:
    """Do what a line asks for; Ctrl-C outside of an answer leads back to the prompt, where there is one."""
    try:
        return session.take(line)
    except KeyboardInterrupt:
        if not typed:
            raise
        return False


def _lines(session: Session, state: StateDir, *, typed: bool) -> Iterator[str]:
    if not typed:
        yield from sys.stdin
        return
    # Only who types needs it: 60 ms of imports.
    from local.chat.prompt import typed_lines

    client = session.client
    click.echo(f"{client.coach} at {client.function_url}; /help shows what there is", err=True)
    yield from typed_lines(session.client.user, state.root / "chat-history")
