"""The runtime's own log: one JSON line an event, on stderr."""

import json
import os
import time

STDERR = 2


def log(level: str, event: str, **fields: object) -> None:
    """Write one line. Called from threads and from signal handlers, so past `sys.stderr` and its locks."""
    # Lambda filters JSON lines by `level` only where a `timestamp` stands beside it.
    timestamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    line = json.dumps({"timestamp": timestamp, "level": level, "event": event, **fields})
    try:
        os.write(STDERR, line.encode() + b"\n")
    except OSError:
        return  # a log that cannot be written must not end an invocation
