"""Logs as JSON lines: a constant event name, and fields beside it.

Neither AWS's runtime client nor ours gives a function's own records this form. Lambda filters lines
by `level` only where a `timestamp` stands beside it.
"""

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from libs.coach_conversation.ports import Journal

MAX_FRAMES: Final = 20
_STANDARD: Final = frozenset(vars(logging.makeLogRecord({})))


class JsonLines(logging.Formatter):
    """One line a record, with its `extra` as fields.

    Of an error its type and its stack are told, never its text: that may hold a person's words.
    """

    def format(self, record: logging.LogRecord) -> str:
        fields = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {
            "timestamp": moment.replace("+00:00", "Z"),
            "level": record.levelname,
            "event": record.getMessage(),
            **fields,
            **(_described(record.exc_info[1]) if record.exc_info else {}),
        }
        return json.dumps(line, default=str)


def _described(fault: BaseException | None) -> Mapping[str, Any]:
    if fault is None:
        return {}
    # Imported here: 8 ms that a start without faults never pays.
    from traceback import format_tb

    cause = fault.__cause__
    return {
        "errorType": type(fault).__qualname__,
        **({"causeType": type(cause).__qualname__} if cause is not None else {}),
        "stackTrace": format_tb(fault.__traceback__)[-MAX_FRAMES:],
    }


class LogJournal(Journal):
    """One line a turn or chat, one for a task that is given up, and one with its stack for the unforeseen."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger

    def turn_ended(self, fields: Mapping[str, Any]) -> None:
        known = {name: value for name, value in fields.items() if value is not None}
        self._logger.info("turn_ended", extra=known)

    def chat_ended(self, fields: Mapping[str, Any]) -> None:
        known = {name: value for name, value in fields.items() if value is not None}
        self._logger.info("chat_ended", extra=known)

    def task_failed(self, fields: Mapping[str, Any]) -> None:
        self._logger.error("task_failed", extra=dict(fields))

    def unexpected(self, where: str) -> None:
        self._logger.exception("unexpected_error", extra={"where": where})


def configure(level: str) -> None:
    """Send this package's records to stderr as JSON lines; a level that Python does not know is INFO."""
    lines = logging.StreamHandler()
    lines.setFormatter(JsonLines())
    logger = logging.getLogger("stream_coach")
    logger.handlers = [lines]
    # AWS's own client has a handler at the root, which would write each line once more.
    logger.propagate = False
    logger.setLevel(logging.getLevelNamesMapping().get(level, logging.INFO))
