"""A log record becomes one line of JSON that holds nothing that a person said."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from stream_coach import logs
from stream_coach.logs import LogJournal

SECRET = "my knee hurts"


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    logger = logging.getLogger("stream_coach")
    before = logger.handlers, logger.propagate, logger.level
    yield logger
    logger.handlers, logger.propagate = before[0], before[1]
    logger.setLevel(before[2])


def _only_line(written: pytest.CaptureFixture[str]) -> dict[str, Any]:
    [line] = written.readouterr().err.splitlines()
    fields: dict[str, Any] = json.loads(line)
    return fields


def test_a_turn_s_end_is_one_line_with_its_figures(
    logger: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure("INFO")
    LogJournal(logger).turn_ended({"turnId": "t1", "code": None, "totalMs": 12})
    line = _only_line(capsys)
    assert line.pop("timestamp").endswith("Z")
    assert line == {"level": "INFO", "event": "turn_ended", "turnId": "t1", "totalMs": 12}


def test_an_unforeseen_error_shows_its_stack_and_not_its_text(
    logger: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure("INFO")
    try:
        try:
            int(SECRET)
        except ValueError as error:
            raise LookupError(SECRET) from error
    except LookupError:
        LogJournal(logger).unexpected("turn")
    line = _only_line(capsys)
    assert (line["level"], line["event"], line["where"]) == ("ERROR", "unexpected_error", "turn")
    assert (line["errorType"], line["causeType"]) == ("LookupError", "ValueError")
    assert "test_logs.py" in line["stackTrace"][-1]
    assert SECRET not in json.dumps(line)


@pytest.mark.parametrize(
    ("level", "lines"), [("DEBUG", 2), ("INFO", 2), ("WARN", 1), ("FATAL", 0), ("TRACE", 2)]
)
def test_a_level_leaves_out_what_is_below_it(
    level: str, lines: int, logger: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure(level)
    logger.info("said")
    logging.getLogger("stream_coach.adapters.jwks").warning("jwks_refresh_failed", extra={"cause": "x"})
    assert len(capsys.readouterr().err.splitlines()) == lines
