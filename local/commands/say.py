"""`coach say`: one turn with the coach, in the terminal."""

import sys
import time
from contextlib import closing

import click

from local.coach_client import CoachClient
from local.commands.options import IdType, clear_errors, fail, state_dir_option, user_option
from local.conversations import last_conversation, remember_conversation
from local.endpoints import load_endpoints
from local.errors import RequestRefused
from local.signing_key import load_or_make
from local.state_dir import StateDir
from local.tokens import parse_user_id, sign_token
from local.turn_view import TurnView, consoles, next_step

GONE = "CONVERSATION_NOT_FOUND"


@click.command()
@click.argument("text")
@state_dir_option
@user_option
@click.option("--coach", type=IdType(), default="atlas", show_default=True, help="The coach to speak to.")
@click.option("--conversation", type=IdType(), help="Continue this conversation.")
@click.option("--new", is_flag=True, help="Start a new conversation instead of continuing the last one.")
def say(text: str, state: StateDir, user: str, coach: str, conversation: str | None, new: bool) -> None:
    """Say TEXT to the coach and show the answer as it is written; `-` reads TEXT from standard input.

    Asides are dimmed and slanted, progress is dimmed. Where standard output is no terminal it gets the answer
    alone, and the rest goes to standard error.

    \b
    Examples:
      coach say "How should I warm up for heavy squats?"
      coach say "And if my knees hurt?"           # continues the conversation
      coach say --new --user alice "Good morning"
      coach say - < question.txt > answer.txt
    """
    if new and conversation is not None:
        raise click.UsageError("--new and --conversation exclude each other")
    message = (sys.stdin.read() if text == "-" else text).strip()
    if not message:
        raise click.UsageError("there is nothing to say: TEXT is empty")
    with clear_errors():
        endpoints = load_endpoints(state)
    key = load_or_make(state.signing_key)
    token = sign_token(key, parse_user_id(user), now_s=int(time.time()))
    client = CoachClient(endpoints.function_url, token, user, coach)
    try:
        _talk(client, state, message, wished=conversation, new=new)
    except RequestRefused as error:
        fail(f"{error}\n  {next_step(error.code)}")


def _talk(client: CoachClient, state: StateDir, message: str, *, wished: str | None, new: bool) -> None:
    """Run one turn; a remembered conversation that is gone is replaced by a new one."""
    kept = None if new else last_conversation(state, client.user, client.coach)
    conversation = wished or kept or client.create_conversation()
    try:
        _turn(client, state, conversation, message)
    except RequestRefused as error:
        if error.code != GONE or wished is not None or kept is None:
            raise
        _turn(client, state, client.create_conversation(), message)


def _turn(client: CoachClient, state: StateDir, conversation: str, message: str) -> None:
    remember_conversation(state, client.user, client.coach, conversation)
    with closing(client.say(conversation, message)) as events:
        TurnView(*consoles()).show(events)
