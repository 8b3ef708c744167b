"""What `coach up` tells the person in front of it."""

import json
import shlex
import sys
import time
from contextlib import closing
from pathlib import Path

import click
from rich.console import Console

from local.coach_client import CoachClient
from local.conversations import remember_conversation
from local.endpoints import Endpoints
from local.errors import RequestRefused
from local.project import DEFAULT_STATE_DIR
from local.signing_key import load_or_make
from local.state_dir import StateDir
from local.tokens import DAY_S, DEMO_USER, parse_user_id, sign_token
from local.turn_view import TurnView, next_step

DEMO_COACH = "atlas"
DEMO_TEXT = "How should I warm up for heavy squats?"


class Voice:
    """Hears how a stack fares; this one says nothing, and errors reach the person as exceptions."""

    def report(self, part: str, what: str) -> None:
        """A part is there."""

    def ready(self, endpoints: Endpoints) -> None:
        """All of it answers; called in a thread of its own."""

    def stopping(self) -> None:
        """It was told to stop."""

    def stopped(self) -> None:
        """Nothing runs any more."""


class Announcer(Voice):
    """Says on the terminal what happens when, and how to go on."""

    def __init__(self, state: StateDir, *, demo: bool) -> None:
        self._state, self._demo = state, demo
        self._start_s = time.monotonic()
        self._stopping = False

    def report(self, part: str, what: str) -> None:
        click.echo(f"{self._elapsed_s():6.2f} s  {part:<10} {what}")

    def ready(self, endpoints: Endpoints) -> None:
        click.echo(f"{self._elapsed_s():6.2f} s  ready      {endpoints.function_url}\n")
        try:
            self._show_example(endpoints)
        except RequestRefused as error:
            if self._stopping:
                return
            click.echo(f"coach: the example failed: {error}\n  {next_step(error.code)}", err=True)
        click.echo("Ctrl-C stops the stack; what was said is kept.")

    def stopping(self) -> None:
        self._stopping = True
        click.echo("\nstopping: running turns end first (Ctrl-C again does not wait)")

    def stopped(self) -> None:
        click.echo("stopped")

    def _elapsed_s(self) -> float:
        return time.monotonic() - self._start_s

    def _show_example(self, endpoints: Endpoints) -> None:
        """Make a conversation, stream a turn of it if this is a demo, and print how to do so by hand."""
        user = parse_user_id(DEMO_USER)
        key = load_or_make(Path(endpoints.signing_key_file))
        token = sign_token(key, user, now_s=int(time.time()), expires_in_s=DAY_S)
        client = CoachClient(endpoints.function_url, token, user, DEMO_COACH)
        conversation = client.create_conversation()
        remember_conversation(self._state, user, DEMO_COACH, conversation)
        if self._demo:
            console = Console(soft_wrap=True)
            click.echo(f"{DEMO_USER}: {DEMO_TEXT}\n")
            with closing(client.say(conversation, DEMO_TEXT)) as events:
                TurnView(console, console).show(events)
            click.echo()
        click.echo("The same by hand (the token is valid for 24 hours):\n")
        click.echo(curl_line(client, conversation, DEMO_TEXT))
        click.echo(f"\nOr, in another terminal:\n\n{self._say_line()}\n")

    def _say_line(self) -> str:
        directory = self._state.root
        place = [] if directory == DEFAULT_STATE_DIR else ["--state-dir", str(directory)]
        return shlex.join([sys.argv[0], "say", *place, "And after the warm-up?"])


def curl_line(client: CoachClient, conversation: str, text: str) -> str:
    """Return a command that streams a turn, ready to paste into a shell."""
    headers = (
        f"authorization: Bearer {client.token}",
        "content-type: application/json",
        "accept: text/event-stream",
    )
    body = json.dumps({"userResponse": text}, ensure_ascii=False)
    parts = ["curl", "-N", client.stream_url(conversation)]
    for header in headers:
        parts += ["-H", header]
    return shlex.join([*parts, "-d", body])
