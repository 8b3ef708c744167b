"""`coach up`: the whole stack in the foreground."""

import asyncio
from collections.abc import Iterable
from typing import Any

import click

from local.announcer import Announcer, Voice
from local.commands.options import clear_errors, state_dir_option
from local.serving import keep_up
from local.stack_options import DEFAULT_PORT, StackOptions

LOG_LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR"]


def _parse_env(_: click.Context, option: click.Parameter, pairs: Iterable[str]) -> dict[str, str]:
    parsed = [pair.partition("=") for pair in pairs]
    for name, equals, _value in parsed:
        if not name or not equals:
            raise click.BadParameter(f"{name!r} is not NAME=VALUE", param=option)
    return {name: value for name, _equals, value in parsed}


@click.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=DEFAULT_PORT,
    show_default=True,
    help="Port of the Function URL; 0 takes a free one.",
)
@state_dir_option
@click.option(
    "--bedrock",
    type=click.Choice(["local", "aws"]),
    default="local",
    show_default=True,
    help="Models: an emulator, or AWS with this machine's credentials.",
)
@click.option(
    "--processes", type=click.IntRange(1, 64), default=2, show_default=True, help="Runtime processes."
)
@click.option(
    "--pollers",
    type=click.IntRange(1, 1024),
    default=32,
    show_default=True,
    help="Invocations at once in each.",
)
@click.option(
    "--sweep-every",
    "sweep_every_s",
    type=click.FloatRange(min=0.1),
    default=60.0,
    show_default=True,
    metavar="S",
    help="Seconds between the worker's sweeps.",
)
@click.option(
    "--env",
    "overrides",
    multiple=True,
    metavar="NAME=VALUE",
    callback=_parse_env,
    help="Environment variable of the function and its worker; may be repeated.",
)
@click.option("--demo", is_flag=True, help="Stream one example turn when ready, then keep serving.")
@click.option(
    "--log-level",
    type=click.Choice(LOG_LEVELS, case_sensitive=False),
    default="INFO",
    show_default=True,
    help="What the logs hold.",
)
@click.option("--quiet", is_flag=True, help="Print errors only, and start no example conversation.")
@click.option("--stop-on-eof", is_flag=True, help="Stop when standard input ends: for a parent process.")
def up(*, demo: bool, quiet: bool, stop_on_eof: bool, **chosen: Any) -> None:
    """Start the whole local stack and keep it running until Ctrl-C.

    It is the Function URL with the function's own processes, the worker behind its queue, an emulated
    Bedrock, DynamoDB and SQS, and a token issuer. The state directory keeps what was said, the addresses
    (endpoints.json) and the logs. Ctrl-C or SIGTERM lets running turns end, saves everything, and ends with
    status 0.

    \b
    Examples:
      coach up --demo
      coach up --port 0 --state-dir /tmp/other
      coach up --bedrock aws --env ANSWER_MODEL_ID=us.amazon.nova-2-lite-v1:0
      coach up --env STREAMING_ENABLED=false --env TURNS_PER_MINUTE=5
    """
    voice = Voice() if quiet else Announcer(chosen["state"], demo=demo)
    with clear_errors():
        asyncio.run(keep_up(StackOptions(**chosen), voice, stop_on_eof=stop_on_eof))
