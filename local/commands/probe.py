"""`coach probe`: does a path buffer?"""

import json
import sys
from typing import Final

import click

from local.commands.options import is_header_text, state_dir_option, token_option
from local.endpoints import load_endpoints
from local.errors import StackError
from local.path_probe import report
from local.path_probe.address import probe_address
from local.path_probe.arrivals import Question
from local.path_probe.verdict import Finding, measure
from local.state_dir import StateDir

EXIT_CODES: Final[dict[Finding, int]] = {
    "streams": 0,
    "buffers_partly": 1,
    "buffers_wholly": 1,
    "unclear": 3,
}
UNMEASURED: Final = 3


def parse_headers(_: click.Context, option: click.Parameter, lines: tuple[str, ...]) -> dict[str, str]:
    """Return `NAME: VALUE` lines as headers."""
    pairs = [line.partition(":") for line in lines]
    for name, colon, value in pairs:
        if not colon or not name.strip() or not is_header_text(name + value):
            raise click.BadParameter("a header is NAME: VALUE", param=option)
    return {name.strip().lower(): value.strip() for name, _colon, value in pairs}


@click.command()
@click.argument("url", required=False)
@state_dir_option
@click.option(
    "--header",
    "headers",
    multiple=True,
    metavar="'NAME: VALUE'",
    callback=parse_headers,
    help="Send this header too; may be repeated.",
)
@token_option
@click.option("--data", metavar="JSON", help="POST this body to URL, instead of a GET.")
@click.option(
    "--delay",
    type=click.FloatRange(0, 10),
    default=0.2,
    show_default=True,
    metavar="SECONDS",
    help="Pause between two words of the word probe.",
)
@click.option(
    "--words",
    type=click.IntRange(4, 200),
    default=16,
    show_default=True,
    help="Words that the word probe sends.",
)
@click.option(
    "--timeout",
    "silence_s",
    type=click.FloatRange(min=0.1),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="Longest silence, over what the probe takes by itself.",
)
@click.option(
    "--longest",
    "total_s",
    type=click.FloatRange(min=0.1),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="Read a stream that does not end for so long.",
)
@click.option(
    "--tries",
    type=click.IntRange(1, 10),
    default=3,
    show_default=True,
    help="Measure so often before saying that it buffers in part.",
)
@click.option("--insecure", is_flag=True, help="Take any TLS certificate.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def probe(
    url: str | None,
    state: StateDir,
    *,
    headers: dict[str, str],
    token: str | None,
    data: str | None,
    delay: float,
    words: int,
    silence_s: float,
    total_s: float,
    tries: int,
    insecure: bool,
    as_json: bool,
) -> None:
    """Measure whether the path to URL buffers, and say so in words.

    A URL without a path gets the word probe of this service: every line says when it was sent, so that what
    is held back on the way shows, and for how long. Any other URL is read as it is, and judged by the gaps
    between what arrives. Without URL: the running local stack.

    Exit status: 0 it streams, 1 it buffers, partly or wholly, 3 it could not be told (unreachable, refused,
    too short), 2 wrong use.

    \b
    Examples:
      coach probe
      coach probe https://abc123.lambda-url.us-east-1.on.aws
      coach probe https://app.example.com/api/health/stream?delay=0.5 --json
      coach probe https://other.example.com/events --header 'accept: text/event-stream'
    """
    try:
        address = url or load_endpoints(state).function_url
        question = Question(
            url=probe_address(address, delay_s=delay, words=words),
            method="GET" if data is None else "POST",
            headers=_headers(headers, token, data),
            body=None if data is None else data.encode(),
            silence_s=silence_s + words * delay,
            total_s=total_s,
            verify=not insecure,
        )
        arrivals, verdict = measure(question, tries=tries)
    except StackError as error:
        if as_json:
            click.echo(json.dumps({"url": url, "verdict": "unmeasured", "reason": str(error)}))
        click.echo(f"coach: {error}", err=True)
        sys.exit(UNMEASURED)
    if as_json:
        click.echo(json.dumps(report.as_json(verdict, arrivals), ensure_ascii=False))
    else:
        click.echo(report.words(verdict, arrivals))
    sys.exit(EXIT_CODES[verdict.finding])


def _headers(given: dict[str, str], token: str | None, data: str | None) -> dict[str, str]:
    bearer = {"authorization": f"Bearer {token}"} if token else {}
    content = {"content-type": "application/json"} if data is not None else {}
    return {**content, **bearer, **given}
