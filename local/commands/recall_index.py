"""`coach recall-index`: texts of one's own, made searchable."""

import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from local.commands.options import clear_errors
from local.embedders import installed_embedder
from local.recall_index import RecallIndex, check_writable
from local.recall_texts import TextLine, parse_lines


def index_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--index",
        type=click.Path(dir_okay=False, path_type=Path),
        required=True,
        metavar="FILE",
        help="The index.",
    )(command)


@contextmanager
def told_once() -> Iterator[Callable[[Collection[str]], None]]:
    """Collect the names that lines hold in vain, and tell them on stderr in the end."""
    names: set[str] = set()
    try:
        yield names.update
    finally:
        if names:
            click.echo(f"coach: ignored: {', '.join(sorted(names))}", err=True)


@click.command("recall-index")
@index_option
@click.option(
    "--in-order/--no-order",
    "ordered",
    default=None,
    help="Whether the lines are a conversation, each following the one before; else told from the texts.",
)
def recall_index(index: Path, ordered: bool | None) -> None:
    """Add texts to the index FILE, which need not exist, and print how many it holds.

    Standard input holds JSON lines: "id", "text", and where known "createdAt" (ISO 8601), "speaker" (else
    taken from texts like "Nora: …"), "follows" (the id of what was said before it), "neighbour" (what was
    said around it, where that has no line of its own) and "type". The types goal, constraint, preference,
    instruction and other are statements about a person; anything else is taken for what was said. Other
    names are ignored, and told. A text takes the place of an earlier one of the same id; to begin anew,
    delete the file. A wrong line is named, and then nothing is added. It works whether or not the stack runs.

    The vectors are of all-MiniLM-L6-v2 where it is installed (make setup), else of hashed n-grams, which know
    spelling, not meaning.

    \b
    Examples:
      echo '{"id":"m1","text":"Has a pacemaker.","type":"constraint"}' | coach recall-index --index notes.npz
      coach recall-index --index chat.npz --in-order < chat.jsonl
    """
    with clear_errors():
        check_writable(index)
        with told_once() as ignored:
            texts = list(parse_lines(sys.stdin, TextLine, ignored))
        before = RecallIndex.load(index) if index.exists() else RecallIndex(installed_embedder())
        after = before.with_texts(texts, ordered=ordered, progress=_tell)
        after.save(index)
    click.echo(f"{len(texts)} read, {len(after.texts)} in the index ({after.embedder.label})")


def _tell(done: int, of: int) -> None:
    """Show on a terminal how far it is."""
    if sys.stderr.isatty():
        click.echo(f"\r{done} of {of} pieces embedded", err=True, nl=done == of)
