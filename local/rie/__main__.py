"""`python -m local.rie`: try the built artifact on every file of events/."""

import asyncio
import shutil
import signal
import sys
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Final, NoReturn

import click

from local.errors import StackError
from local.rie.answers import visible
from local.rie.artifact import ARTIFACT
from local.rie.smoke import Outcome, plan_events, smoke
from local.state_dir import StateDir

INTERRUPTED: Final = 130
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--event", "events", multiple=True, metavar="NAME", help="Run this event only; may be repeated."
)
@click.option("--show", is_flag=True, help="Print each answer as the emulator gives it, its NULs as \\0.")
@click.option(
    "--artifact",
    type=click.Path(path_type=Path, resolve_path=True),
    default=ARTIFACT,
    help="The built function's folder.  [default: .aws-sam/host/…, as `make rie` builds it]",
)
def main(*, events: tuple[str, ...], show: bool, artifact: Path) -> None:
    """Run the built artifact in Lambda's Runtime Interface Emulator and check its answers.

    Every file of events/ is sent once, with fresh tokens, beside the local stack's tables, models and token
    issuer. The emulator buffers: this shows what is answered, not when (`make run` shows that).

    \b
    Examples:
      make rie
      python -m local.rie --event stream --show
    """
    state = StateDir(Path(tempfile.mkdtemp(prefix="stream-coach-rie-")))
    report = Report(show=show)
    try:
        asyncio.run(_stoppable(smoke(plan_events(events), artifact=artifact, state=state, report=report)))
    except asyncio.CancelledError:
        shutil.rmtree(state.root)
        click.echo("rie: stopped", err=True)
        sys.exit(INTERRUPTED)
    except StackError as error:
        _fail(str(error), state)
    if report.failed:
        _fail(f"{report.failed} of {report.count} events were answered wrongly", state)
    shutil.rmtree(state.root)
    click.echo(
        f"{report.count} events, all answered as they should be, "
        "by modules of the artifact and Python's standard library alone"
    )


class Report:
    """Prints a line for each event, and counts."""

    def __init__(self, *, show: bool) -> None:
        self._show = show
        self.count = self.failed = 0

    def __call__(self, outcome: Outcome) -> None:
        self.count += 1
        self.failed += outcome.complaint is not None
        click.echo(line(outcome))
        if self._show:
            click.echo(visible(outcome.payload))


def line(outcome: Outcome) -> str:
    """Return one event's line: name, status or `raw`, bytes, time, verdict."""
    verdict = "ok" if outcome.complaint is None else f"WRONG  {outcome.complaint}"
    size = f"{len(outcome.payload)} B"
    return (
        f"{outcome.name:<20} {outcome.status or 'raw':<4} {size:>8} {outcome.elapsed_ms:>6.0f} ms  {verdict}"
    )


async def _stoppable(work: Coroutine[None, None, None]) -> None:
    """Do the work until a signal cancels it, which ends what it started."""
    task = asyncio.ensure_future(work)
    for number in _SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    await task


def _fail(message: str, state: StateDir) -> NoReturn:
    logs = sorted(state.logs.glob("*.log"))
    click.echo(f"rie: {message}", err=True)
    if logs:
        click.echo("\n".join(f"  see {log}" for log in logs), err=True)
    else:
        shutil.rmtree(state.root)
    sys.exit(1)


if __name__ == "__main__":
    main()
