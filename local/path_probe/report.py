"""The probe's result in words, and as JSON. Pure."""

from dataclasses import asdict
from typing import Any, Final

from local.path_probe.arrivals import Arrivals
from local.path_probe.causes import likely_causes
from local.path_probe.verdict import Figures, Finding, Verdict

WORDS: Final[dict[Finding, str]] = {
    "streams": "streams",
    "buffers_partly": "buffers partly",
    "buffers_wholly": "buffers wholly",
    "unclear": "cannot be told",
}
_BUFFERS: Final = ("buffers_partly", "buffers_wholly")


def words(verdict: Verdict, arrivals: Arrivals) -> str:
    """Return the result as lines for a person."""
    lines = [f"{WORDS[verdict.finding]}: {verdict.reason}"]
    if verdict.figures is not None:
        lines += [f"  {name:<15} {value}" for name, value in _rows(verdict.figures, arrivals)]
    if verdict.finding in _BUFFERS:
        for cause in likely_causes(arrivals.url, arrivals.headers)[:2]:
            lines += [f"  {'likely cause':<15} {cause.who}", f"  {'remedy':<15} {cause.remedy}"]
    return "\n".join(lines)


def as_json(verdict: Verdict, arrivals: Arrivals) -> dict[str, Any]:
    """Return the result as one JSON object. Units  names end in theirs; times are rounded to 0.1 ms"""
    figures = asdict(verdict.figures) if verdict.figures is not None else {}
    causes = likely_causes(arrivals.url, arrivals.headers) if verdict.finding in _BUFFERS else ()
    return {
        "url": arrivals.url.partition("?")[0],
        "verdict": verdict.finding,
        "reason": verdict.reason,
        "status": arrivals.status,
        "httpVersion": arrivals.http_version,
        "headMs": round(arrivals.head_ms, 1),
        **{_camel(name): round(value, 1) for name, value in figures.items() if value is not None},
        "causes": [{"who": cause.who, "remedy": cause.remedy} for cause in causes],
    }


def _rows(figures: Figures, arrivals: Arrivals) -> list[tuple[str, str]]:
    rows = [
        ("status line", f"after {arrivals.head_ms:.0f} ms ({arrivals.http_version})"),
        ("first byte", f"after {figures.first_byte_ms:.0f} ms, the last after {figures.last_byte_ms:.0f} ms"),
    ]
    if figures.sent_over_ms is not None:
        sent = f"{figures.writes} writes over {figures.sent_over_ms:.0f} ms"
        rows.append(("the server sent", f"{sent}, {figures.bytes} bytes in all"))
    rows.append(("what came", f"{figures.arrivals} arrivals over {figures.came_over_ms:.0f} ms"))
    rows.append(("gaps", f"median {figures.median_gap_ms:.0f} ms, longest {figures.longest_gap_ms:.0f} ms"))
    rows.append(("largest burst", _burst(figures)))
    if figures.held is not None:
        rows.append(
            ("held back", f"{figures.held} of {figures.writes} writes, up to {figures.held_ms:.0f} ms")
        )
    return rows


def _burst(figures: Figures) -> str:
    of = f"{figures.largest_burst} of {figures.writes} writes"
    return f"{of}, {figures.largest_burst_bytes} of {figures.bytes} bytes"


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
