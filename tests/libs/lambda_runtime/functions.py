"""Handlers for the tests that run a real process."""

import os
import sys
from collections.abc import Iterator

from libs.lambda_runtime import Context, StreamingResponse

NOT_A_FUNCTION = 7


def greet(event: object, context: Context) -> StreamingResponse:
    """Stream two items."""
    return StreamingResponse(200, {"content-type": "text/plain"}, (), iter(["hello ", f"{event}"]))


def hold(event: str, context: Context) -> Iterator[str]:
    """Say that the turn runs, then wait until the test opens the gate, a FIFO whose path is the event."""
    yield "begun"
    with open(event) as gate:  # noqa: PTH123 a FIFO: opening it is the waiting
        yield gate.read()


def describe(event: object, context: Context) -> dict[str, object]:
    """Tell about the process."""
    print("a line on stdout")  # noqa: T201 what it tests is stdout
    return {
        "argv": sys.orig_argv,
        "cwd": os.getcwd(),  # noqa: PTH109 as the process sees it
        "path": sys.path,
        "trace": os.environ.get("_X_AMZN_TRACE_ID"),
    }


def leave(event: object, context: Context) -> None:
    """End the process from inside a handler."""
    sys.exit(3)
