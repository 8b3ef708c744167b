"""`coach recall`: questions to an index of one's own."""

import json
import sys
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import click

from libs.memory.candidates import Scored
from local.commands.options import clear_errors
from local.commands.recall_index import index_option, told_once
from local.recall_index import RecallIndex
from local.recall_texts import QueryLine, parse_lines


@click.command()
@index_option
@click.option(
    "--k", type=click.IntRange(min=1), default=5, show_default=True, help="How many texts a question gets."
)
@click.option("--relevant", is_flag=True, help="Only what the coach would recall: it may be nothing.")
@click.option("--timings", is_flag=True, help="Say on stderr how long it took.")
@click.argument("query", required=False)
def recall(index: Path, k: int, relevant: bool, timings: bool, query: str | None) -> None:
    """Print the texts of the index FILE that answer QUERY best, with their scores, as one JSON line.

    Without QUERY standard input holds JSON lines, "query" and where wanted "id" and "k", and each gets its
    line at once, so that one process serves as many questions as you like. "score" is comparable within one
    question, "similarity" is the cosine, "lexical" is about 1 for a sentence that holds every word asked for.
    It works whether or not the stack runs.

    \b
    Examples:
      coach recall --index notes.npz "May I use a body-fat scale?"
      coach recall --index notes.npz --relevant --k 3 "What is the capital of Mongolia?"
      coach recall --index chat.npz --timings < questions.jsonl
    """
    if query is not None and not query.strip():
        raise click.BadParameter("it is blank", param_hint="'QUERY'")
    with clear_errors(), told_once() as ignored:
        begun = time.perf_counter()
        loaded = RecallIndex.load(index)
        # the first question would pay for the model's loading
        loaded.search("warm up", k=1, at=datetime.now(UTC))
        load_ms = _ms_since(begun)
        asked = [QueryLine(query=query)] if query else parse_lines(sys.stdin, QueryLine, ignored)
        times_ms = [_answer(loaded, question, k=question.k or k, relevant=relevant) for question in asked]
    if timings:
        click.echo(_told(load_ms, times_ms, texts=len(loaded.texts)), err=True)


def _answer(index: RecallIndex, question: QueryLine, *, k: int, relevant: bool) -> float:
    """Print the answer to one question; return how long it took."""
    begun = time.perf_counter()
    results = index.search(question.query, k=k, at=datetime.now(UTC), relevant_only=relevant)
    took_ms = _ms_since(begun)
    named = {"query": question.query} if question.id is None else {"id": question.id}
    click.echo(json.dumps({**named, "results": _documents(results, index)}, ensure_ascii=False))
    return took_ms


def _documents(results: Iterable[Scored], index: RecallIndex) -> list[dict[str, Any]]:
    return [
        {
            "id": index.ids[scored.candidate.id],
            "score": round(scored.score, 4),
            "similarity": round(scored.similarity, 4),
            "lexical": round(scored.lexical, 4),
        }
        for scored in results
    ]


def _told(load_ms: float, times_ms: list[float], *, texts: int) -> str:
    loading = f"{texts} texts loaded in {load_ms:.0f} ms"
    if not times_ms:
        return loading
    p95_ms = sorted(times_ms)[int(0.95 * (len(times_ms) - 1))]
    return f"{loading}; {len(times_ms)} questions, median {median(times_ms):.1f} ms, p95 {p95_ms:.1f} ms"


def _ms_since(begun: float) -> float:
    return (time.perf_counter() - begun) * 1_000
