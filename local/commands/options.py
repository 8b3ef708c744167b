"""Options that several subcommands share, and the way an error reaches a person."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import click

from local.errors import StackError
from local.project import DEFAULT_STATE_DIR
from local.state_dir import StateDir
from local.tokens import parse_id


class IdType(click.ParamType[str]):
    """An id as paths and keys hold it."""

    name = "id"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return parse_id(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class StateDirType(click.ParamType[StateDir]):
    """A state directory, which need not exist."""

    name = "directory"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> StateDir:
        if isinstance(value, StateDir):
            return value
        path = Path(value)
        if path.exists() and not path.is_dir():
            self.fail(f"{str(path)!r} is no directory", param, ctx)
        return StateDir(path)


def state_dir_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--state-dir",
        "state",
        type=StateDirType(),
        default=str(DEFAULT_STATE_DIR),
        show_default=True,
        help="Where the stack keeps its state.",
    )(command)


def user_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--user", type=IdType(), default="demo", show_default=True, help="The person to speak as."
    )(command)


def _parse_url(_: click.Context, option: click.Parameter, url: str | None) -> str | None:
    if url is not None and not url.startswith(("https://", "http://")):
        raise click.BadParameter("an address begins with https:// or http://", param=option)
    return url


def service_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options that choose a service and the person who speaks to it: `url`, `token`, `user`."""
    for option in (
        click.option(
            "--user", type=IdType(), help="The person to speak as. Default: whom the token names, else demo."
        ),
        token_option,
        click.option(
            "--url",
            envvar="COACH_URL",
            callback=_parse_url,
            help="A deployed service. Default: $COACH_URL, else the running local stack.",
        ),
    ):
        command = option(command)
    return command


def is_header_text(text: str) -> bool:
    """Return whether a header may hold this text."""
    return text.isascii() and text.isprintable()


def _parse_token(_: click.Context, option: click.Parameter, token: str | None) -> str | None:
    stripped = token.strip().removeprefix("Bearer ") if token else ""
    if not is_header_text(stripped) or " " in stripped:
        raise click.BadParameter("this is no token: it has spaces or other signs in it", param=option)
    return stripped or None


def token_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--token",
        envvar="COACH_TOKEN",
        callback=_parse_token,
        help="The bearer token. Default: $COACH_TOKEN.",
    )(command)


def fail(message: str) -> NoReturn:
    """End with one clear message on stderr and exit status 1."""
    click.echo(f"coach: {message}", err=True)
    sys.exit(1)


@contextmanager
def clear_errors() -> Iterator[None]:
    """Turn the stack's errors into a message and exit status 1."""
    try:
        yield
    except StackError as error:
        fail(str(error))
