"""`coach say`: one turn with the coach, in the terminal."""

import sys

import click

from local.chat.session import Session
from local.chat.turn import Left
from local.chat.views import new_view
from local.coach_client import CoachClient
from local.commands.options import IdType, clear_errors, fail, service_options, state_dir_option
from local.errors import RequestRefused
from local.service import find_service
from local.state_dir import StateDir
from local.turn_view import next_step

STOPPED = 130


@click.command()
@click.argument("text")
@state_dir_option
@service_options
@click.option("--coach", type=IdType(), default="atlas", show_default=True, help="The coach to speak to.")
@click.option("--conversation", type=IdType(), help="Continue this conversation.")
@click.option("--new", is_flag=True, help="Start a new conversation instead of continuing the last one.")
def say(
    text: str,
    state: StateDir,
    *,
    url: str | None,
    token: str | None,
    user: str | None,
    coach: str,
    conversation: str | None,
    new: bool,
) -> None:
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
    if new and conversation is not None:
        raise click.UsageError("--new and --conversation exclude each other")
    message = (sys.stdin.read() if text == "-" else text).strip()
    if not message:
        raise click.UsageError("there is nothing to say: TEXT is empty")
    with clear_errors():
        service = find_service(state, url, token, user)
    client = CoachClient(service.url, service.token, service.user, coach)
    session = Session(client, state, new_view=new_view, conversation=conversation, new=new)
    try:
        sys.exit(0 if session.say(message) else STOPPED)
    except Left as left:
        click.echo(f"left; {left}", err=True)
        sys.exit(STOPPED)
    except KeyboardInterrupt:
        sys.exit(STOPPED)
    except RequestRefused as error:
        fail(f"{error}\n  {next_step(error.code)}")
