"""`python -m benchmarks.speed`: what `make bench` runs."""

import json
from typing import Final

import click

from benchmarks.speed import encoding, runtime_loop, start_up, turn_path
from benchmarks.speed.comparison import Comparison, as_json, table

PARTS: Final = {
    "encoder": encoding.measure,
    "runtime": runtime_loop.measure,
    "start": start_up.measure,
    "turn": turn_path.measure,
}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--part",
    "parts",
    multiple=True,
    type=click.Choice(list(PARTS)),
    help="Only this part; may be repeated.",
)
@click.option("--json", "wants_json", is_flag=True, help="Print one JSON array.")
def main(*, parts: tuple[str, ...], wants_json: bool) -> None:
    """Measure the runtime loop, the encoder, the start-up and whole turns, each beside a peer.

    Ratios are ours over the peer's, of pairs taken in turn: below 1 is faster than the peer where the figure
    is a time, above 1 where it is a rate.

    \b
    Examples:
      make bench
      make bench BENCH_ARGS="--part start --json"
    """
    found: list[Comparison] = []
    for name in parts or tuple(PARTS):
        if not wants_json:
            click.echo(f"measuring: {name}", err=True)
        found += PARTS[name]()
    click.echo(json.dumps(as_json(found), indent=2, ensure_ascii=False) if wants_json else table(found))


if __name__ == "__main__":
    main()
