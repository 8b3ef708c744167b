"""`python -m local.streaming_test`: the kit's steps as commands. `make streaming-test` runs them all."""

import asyncio
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NoReturn

import click

from local.commands.options import StateDirType
from local.errors import StackError
from local.project import DEFAULT_STATE_DIR
from local.rie.artifact import ARTIFACT
from local.signing_key import load_or_make
from local.state_dir import StateDir
from local.streaming_test import checking, keeper, sending, starting
from local.streaming_test.records import Record, write_record

INTERRUPTED: Final = 130
STATE_DIR: Final = DEFAULT_STATE_DIR / "streaming-test"

state_option = click.option(
    "--state-dir",
    "state",
    type=StateDirType(),
    default=str(STATE_DIR),
    show_default=True,
    help="Where the steps leave for each other what they know.",
)
artifact_option = click.option(
    "--artifact",
    type=click.Path(path_type=Path, resolve_path=True),
    default=ARTIFACT,
    help="The built function's folder.  [default: .aws-sam/host/…]",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Try the built artifact behind a streaming URL and in Lambda's emulator, with every file of events/.

    \b
    Examples:
      make streaming-test                # build, start, invoke, check, stop
      make streaming-test-start && make streaming-test-invoke && make streaming-test-check
    """


@main.command()
@state_option
@artifact_option
def run(state: StateDir, artifact: Path) -> None:
    """Start, invoke, check and stop; nothing is left running, whatever happens."""
    state = StateDir(state.root.resolve())
    with _explained("streaming-test", state):
        try:
            _start(state, artifact, bound=True)
            _invoke(state)
            wrong = _check(state)
        finally:
            starting.stop(state)
            click.echo("stopped: nothing is left running")
    _conclude(wrong, state)
    shutil.rmtree(state.root, ignore_errors=True)


@main.command()
@state_option
@artifact_option
def start(state: StateDir, artifact: Path) -> None:
    """Start the artifact behind the local Function URL and in Lambda's emulator; both stay until `stop`."""
    with _explained("streaming-test-start", state):
        _start(StateDir(state.root.resolve()), artifact, bound=False)
    click.echo("next: make streaming-test-invoke")


@main.command()
@state_option
def invoke(state: StateDir) -> None:
    """Send every file of events/ to both, and keep what they answer."""
    with _explained("streaming-test-invoke", state):
        _invoke(state)
    click.echo("next: make streaming-test-check")


@main.command()
@state_option
def check(state: StateDir) -> None:
    """Check the answers that `invoke` kept: their content, and that they came while they were written."""
    with _explained("streaming-test-check", state):
        wrong = _check(state)
    _conclude(wrong, state)


@main.command()
@state_option
def stop(state: StateDir) -> None:
    """End what `start` started."""
    with _explained("streaming-test-stop", state):
        was_running = starting.stop(state)
    click.echo("stopped" if was_running else "nothing was running")


@main.command(hidden=True)
@state_option
@artifact_option
@click.option("--bound", is_flag=True)
def keep(state: StateDir, artifact: Path, *, bound: bool) -> None:
    """Hold what runs; `start` runs this."""
    try:
        asyncio.run(keeper.keep(artifact, state, stop_on_eof=bound))
    except StackError as error:
        click.echo(str(error), err=True)
        sys.exit(1)


def _start(state: StateDir, artifact: Path, *, bound: bool) -> None:
    running = starting.start(artifact, state, bound=bound)
    click.echo(f"started: {running.url} (streams)")
    click.echo(f"started: {running.emulator or 'no emulator: it is a Linux program'} (buffers)")


def _invoke(state: StateDir) -> None:
    running, key = keeper.load_running(state), load_or_make(state.signing_key)
    for record in sending.send_events("url", running.url, key):
        _keep(state, record)
    if running.emulator is not None:
        for record in sending.send_events("emulator", running.emulator, key):
            _keep(state, record)


def _keep(state: StateDir, record: Record) -> None:
    write_record(state, record)
    first, last = (record.at_ms[0], record.at_ms[-1]) if record.at_ms else (0.0, 0.0)
    click.echo(
        f"sent  {record.target:<8} {record.name:<20} {record.status:>3} {len(record.body):>7} B in "
        f"{len(record.pieces):>3} parts, {first:>5.0f} to {last:>5.0f} ms  {record.trouble}".rstrip()
    )


def _check(state: StateDir) -> int:
    """Print a verdict for each answer; return how many are wrong."""
    verdicts = list(checking.check_answers(state))
    for checked in verdicts:
        said = "ok" if checked.complaint is None else f"WRONG  {checked.complaint}"
        click.echo(f"check {checked.record.target:<8} {checked.record.name:<20} {said}")
    wrong = sum(checked.complaint is not None for checked in verdicts)
    click.echo(f"{len(verdicts)} answers, {wrong or 'none'} wrong")
    return wrong


def _conclude(wrong: int, state: StateDir) -> None:
    if wrong:
        _fail("streaming-test-check", f"{wrong} answers are not as they should be", state)


@contextmanager
def _explained(step: str, state: StateDir) -> Iterator[None]:
    """Turn signals into an ordered end and errors into words that say what to do."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        yield
    except KeyboardInterrupt:
        click.echo(f"{step}: stopped", err=True)
        sys.exit(INTERRUPTED)
    except StackError as error:
        _fail(step, str(error), state)


def _interrupt(*_: Any) -> None:
    raise KeyboardInterrupt


def _fail(step: str, message: str, state: StateDir) -> NoReturn:
    click.echo(f"{step}: {message}", err=True)
    logs = [log for log in sorted(state.logs.glob("*.log")) if log.stat().st_size]
    for log in logs:
        if str(log) not in message:
            click.echo(f"  see {log}", err=True)
    sys.exit(1)


if __name__ == "__main__":
    main()
