"""`coach words`: the word probe of a running function."""

from contextlib import closing
from typing import Any

import click

from local.commands.options import clear_errors, fail, state_dir_option
from local.endpoints import load_endpoints
from local.state_dir import StateDir
from local.words import probe, verdict


@click.command()
@state_dir_option
@click.option("--delay", type=click.FloatRange(0, 10), metavar="SECONDS", help="Pause between two words.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["json", "text"]),
    default="json",
    show_default=True,
    help="How each word is written.",
)
@click.option("--sentence", help="The words to send back.")
@click.option("--direct", is_flag=True, help="Invoke the function itself, past its HTTP routes.")
@click.option("--url", help="Another function's address, e.g. a deployed one. Default: the running stack's.")
def words(
    state: StateDir,
    delay: float | None,
    format_: str,
    sentence: str | None,
    direct: bool,
    url: str | None,
) -> None:
    """Print the word probe's answer as it arrives, and on stderr how it arrived.

    Words that come one by one show that nothing on the way holds the stream back.

    \b
    Examples:
      coach words
      coach words --delay 0.2 --format json
      coach words --sentence "one two three" --direct
      coach words --url https://abc123.lambda-url.us-east-1.on.aws
    """
    asked = {"delay": delay, "format": format_, "sentence": sentence}
    question: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}
    times_ms: list[float] = []
    with clear_errors():
        base_url = url or load_endpoints(state).function_url
        with closing(probe(base_url, question, direct=direct)) as pieces:
            for piece in pieces:
                times_ms.append(piece.at_ms)
                click.echo(piece.text, nl=False)
    click.echo(verdict(times_ms), err=True)
    if not times_ms:
        fail("the probe sent nothing; see function.log in the state directory's logs")
