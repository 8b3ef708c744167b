"""What `coach say` and `coach chat` share: with whom, about what, and where."""

from collections.abc import Callable
from typing import Any

import click

from local.chat.session import Session
from local.chat.views import new_view
from local.coach_client import CoachClient
from local.commands.options import IdType, clear_errors, service_options, state_dir_option
from local.service import find_service
from local.state_dir import StateDir

STOPPED = 130
"""The exit status of whoever was stopped by Ctrl-C."""


def session_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options that choose a session: those of `open_session`."""
    for option in (
        click.option("--new", is_flag=True, help="Begin a new one instead of continuing the last one."),
        click.option("--conversation", type=IdType(), help="Continue this conversation."),
        click.option(
            "--coach", type=IdType(), default="atlas", show_default=True, help="The coach to speak to."
        ),
        service_options,
        state_dir_option,
    ):
        command = option(command)
    return command


def open_session(
    *,
    state: StateDir,
    url: str | None,
    token: str | None,
    user: str | None,
    coach: str,
    conversation: str | None,
    new: bool,
) -> Session:
    """Return a session with the coach; what cannot be is told, and ends the command."""
    if new and conversation is not None:
        raise click.UsageError("--new and --conversation exclude each other")
    with clear_errors():
        service = find_service(state, url, token, user)
        client = CoachClient(service.url, service.token, service.user, coach)
        return Session(client, state, new_view=new_view, conversation=conversation, new=new)
