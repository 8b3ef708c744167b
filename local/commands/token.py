"""`coach token`: a token of the local issuer."""

import time

import click

from local.commands.options import state_dir_option, user_option
from local.signing_key import load_or_make
from local.state_dir import StateDir
from local.tokens import DEFAULT_LIFE_S, parse_user_id, sign_token


@click.command()
@state_dir_option
@user_option
@click.option(
    "--expires-in",
    "expires_in_s",
    type=int,
    default=DEFAULT_LIFE_S,
    show_default=True,
    metavar="SECONDS",
    help="How long the token is valid; negative for one that has already expired.",
)
def token(state: StateDir, user: str, expires_in_s: int) -> None:
    """Print a token (RS256 JWT) that the local stack accepts, and nothing else.

    It works whether or not the stack runs.

    \b
    Examples:
      coach token
      coach token --user alice --expires-in 86400
      coach token --expires-in -60          # one that expired a minute ago
      curl -H "authorization: Bearer $(coach token)" …
    """
    key = load_or_make(state.signing_key)
    click.echo(sign_token(key, parse_user_id(user), now_s=int(time.time()), expires_in_s=expires_in_s))
