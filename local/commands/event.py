"""`coach event`: a sample invocation with fresh tokens."""

import time

import click

from local import project
from local.commands.options import IdType, clear_errors, state_dir_option, user_option
from local.conversations import last_conversation
from local.sample_events import fill, read_event
from local.signing_key import load_or_make
from local.state_dir import StateDir
from local.tokens import DAY_S, parse_user_id, sign_token

COACH = "atlas"


@click.command()
@click.argument("name")
@state_dir_option
@user_option
@click.option(
    "--conversation",
    type=IdType(),
    help="The conversation in the path. Default: the person's last one here, if there was one.",
)
def event(name: str, state: StateDir, user: str, conversation: str | None) -> None:
    """Print events/NAME.json with fresh tokens (24 h) where it says {{token}} or {{token:USER}}.

    Person and conversation of its path become the chosen ones.

    \b
    Examples:
      coach event stream
      coach event stream --user alice --conversation 01JD3Z8Y2M3QZ6T7V9W0X1Y2Z3
      coach event stream | .tools/sam/bin/sam local invoke StreamCoachFunction --event -
    """
    with clear_errors():
        text = read_event(project.EVENTS, name)
    key, now_s = load_or_make(state.signing_key), int(time.time())

    def token_of(person: str | None) -> str:
        return sign_token(key, parse_user_id(person or user), now_s=now_s, expires_in_s=DAY_S)

    chosen = conversation or last_conversation(state, user, COACH)
    click.echo(fill(text, token_of, user=user, conversation=chosen), nl=False)
