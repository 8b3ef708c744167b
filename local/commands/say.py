"""`coach say`: one turn with the coach, in the terminal."""

import sys
from typing import Any

import click

from local.chat.turn import Left
from local.commands.conversing import STOPPED, open_session, session_options
from local.commands.options import fail
from local.errors import RequestRefused
from local.turn_view import next_step


@click.command()
@click.argument("text")
@session_options
def say(text: str, **chosen: Any) -> None:
    """Say TEXT to the coach and show the answer as it is written; `-` reads TEXT from standard input.

    Asides are dimmed and slanted, progress is dimmed. Where standard output is no terminal it gets the answer
    alone, and the rest goes to standard error. Ctrl-C stops the answer on the server (what was said is
    saved), a second one leaves. A connection that breaks is taken up again by itself.

    Exit status: 0, 1 when the turn was refused or failed, 130 when it was stopped.

    \b
    Examples:
      coach say "How should I warm up for heavy squats?"
      coach say "And if my knees hurt?"           # continues the conversation
      coach say --new --user alice "Good morning"
      coach say - < question.txt > answer.txt
      coach say --url https://abc123.lambda-url.us-east-1.on.aws --token eyJ… "Good morning"
    """
    message = (sys.stdin.read() if text == "-" else text).strip()
    if not message:
        raise click.UsageError("there is nothing to say: TEXT is empty")
    session = open_session(**chosen)
    try:
        sys.exit(0 if session.say(message) else STOPPED)
    except Left as left:
        click.echo(f"left; {left}", err=True)
        sys.exit(STOPPED)
    except KeyboardInterrupt:
        sys.exit(STOPPED)
    except RequestRefused as error:
        fail(f"{error}\n  {next_step(error.code)}")
