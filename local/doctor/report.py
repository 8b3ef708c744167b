"""The findings as lines and as JSON. Pure."""

from collections.abc import Iterable, Iterator
from textwrap import wrap
from typing import Any, Final

from local.doctor.findings import Finding, Outcome

MARKS: Final[dict[Outcome, str]] = {"ok": "ok", "failed": "FAILED", "unchecked": "-"}
NAME_WIDTH: Final = 26
COLUMN_WIDTH: Final = 42


def heading() -> str:
    return _row("", "check", "expected", "seen")


def lines(finding: Finding) -> Iterator[str]:
    """Yield a finding as a row of the table, over several lines where a cell is long, advice below it."""
    expected, seen = wrap(finding.expected, COLUMN_WIDTH), wrap(finding.seen, COLUMN_WIDTH)
    for number in range(max(len(expected), len(seen), 1)):
        first = number == 0
        yield _row(
            MARKS[finding.outcome] if first else "",
            finding.name if first else "",
            expected[number] if number < len(expected) else "",
            seen[number] if number < len(seen) else "",
        )
    for number, text in enumerate(wrap(finding.advice, 2 * COLUMN_WIDTH - 4)):
        yield _row("", "", f"{'→' if number == 0 else ' '} {text}", "")


def summary(findings: Iterable[Finding]) -> str:
    found = [finding.outcome for finding in findings]
    failed, unchecked = found.count("failed"), found.count("unchecked")
    parts = [f"{found.count('ok')} of {len(found)} as they should be"]
    parts += [f"{failed} FAILED"] if failed else []
    parts += [f"{unchecked} not checked"] if unchecked else []
    return ", ".join(parts)


def as_json(url: str, findings: Iterable[Finding]) -> dict[str, Any]:
    """Return all findings as one JSON object; `ok` when none failed."""
    rows = [
        {
            "check": finding.name,
            "expected": finding.expected,
            "seen": finding.seen,
            "outcome": finding.outcome,
            **({"advice": finding.advice} if finding.advice else {}),
        }
        for finding in findings
    ]
    return {"url": url, "ok": all(row["outcome"] != "failed" for row in rows), "checks": rows}


def _row(mark: str, name: str, expected: str, seen: str) -> str:
    return f"{mark:<7} {name:<{NAME_WIDTH}} {expected:<{COLUMN_WIDTH}}  {seen}".rstrip()
