"""Whether a path streams, from when each write was sent and came."""

from dataclasses import dataclass
from itertools import groupby, pairwise
from statistics import median
from typing import Final, Literal

from local.path_probe.arrivals import Arrivals, Question, read_arrivals
from local.path_probe.timing import Write, gaps, plain_writes, probe_writes

type Finding = Literal["streams", "buffers_partly", "buffers_wholly", "unclear"]

# A write is held when it comes later than the next one was sent, or nearly so.
HELD_SHARE_OF_GAP: Final = 0.75
LEAST_HELD_MS: Final = 60.0
# One burst is what comes within this share of the pause that the server made.
BURST_SHARE_OF_GAP: Final = 0.25
LEAST_WRITES: Final = 4
LEAST_SPAN_MS: Final = 300.0
# A single write that came late is a stall of the network or of a busy machine.
STALLS: Final = 1


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured.

    Shape   `writes` moments at which the server sent something, `arrivals` at which something came;
            `largest_burst` writes that came together; `held` writes that came late; `held_first` how many of
            them in one row from the beginning; None where the server does not say when it sent
    Units   ms since the request; `held_ms` the longest that a write was held back, by the server's clock
    """

    writes: int
    arrivals: int
    bytes: int
    first_byte_ms: float
    last_byte_ms: float
    sent_over_ms: float | None
    came_over_ms: float
    median_gap_ms: float
    longest_gap_ms: float
    largest_burst: int
    largest_burst_bytes: int
    held: int | None
    held_first: int | None
    held_first_bytes: int | None
    held_ms: float | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a path does, and why it is thought so. Shape  `figures` None where nothing came"""

    finding: Finding
    reason: str
    figures: Figures | None


def judge(arrivals: Arrivals) -> Verdict:
    """Return what the arrivals say: with the server's times where it gives them, else from the gaps alone."""
    if not arrivals.pieces:
        return Verdict("unclear", "the answer is empty", None)
    if writes := probe_writes(arrivals):
        return _judge_timed(writes, arrivals)
    return _judge_untimed(plain_writes(arrivals), arrivals)


def measure(question: Question, *, tries: int = 3) -> tuple[Arrivals, Verdict]:
    """Ask, and ask again where it seems to buffer in part: a machine stalls now and then, a buffer always.

    Raises  PathUnprobed
    """
    for attempt in range(1, tries + 1):
        arrivals = read_arrivals(question)
        verdict = judge(arrivals)
        if verdict.finding != "buffers_partly" or attempt == tries:
            break
    return arrivals, verdict


def _judge_timed(writes: tuple[Write, ...], arrivals: Arrivals) -> Verdict:
    sent = [write.sent_ms or 0.0 for write in writes]
    span_ms = sent[-1] - sent[0]
    usual_ms = median(gaps(sent)) if len(writes) > 1 else 0.0
    bursts = _bursts(writes, within_ms=usual_ms * BURST_SHARE_OF_GAP)
    lags = _lags(writes)
    limit_ms = max(usual_ms * HELD_SHARE_OF_GAP, LEAST_HELD_MS)
    late = [lag > limit_ms for lag in lags]
    figures = _figures(writes, bursts, arrivals, lags=lags, late=late, span_ms=span_ms)
    if len(writes) < LEAST_WRITES or span_ms < LEAST_SPAN_MS:
        return Verdict(
            "unclear",
            f"the server sent {len(writes)} times within {span_ms:.0f} ms, which is too little to tell; "
            "ask for more with --words and --delay",
            figures,
        )
    if len(bursts) == 1:
        return Verdict("buffers_wholly", "nothing came before the server had sent everything", figures)
    head = figures.held_first or 0
    if head > STALLS or sum(late) > max(STALLS, len(writes) // 10):
        return Verdict("buffers_partly", _partly(figures), figures)
    stalled = f", but for one stall of {max(lags):.0f} ms" if any(late) else ""
    return Verdict("streams", f"each write came as it was sent{stalled}", figures)


def _partly(figures: Figures) -> str:
    head, held = figures.held_first or 0, figures.held or 0
    if head > STALLS and held <= head + STALLS:
        return (
            f"the first {head + 1} writes ({figures.held_first_bytes} bytes) were held back "
            "and came together, then it streamed"
        )
    return f"writes come in bursts of up to {figures.largest_burst}, each held until it is full"


def _judge_untimed(writes: tuple[Write, ...], arrivals: Arrivals) -> Verdict:
    bursts = [[write] for write in writes]
    figures = _figures(writes, bursts, arrivals)
    untold = "the server does not say when it sent what"
    if len(writes) == 1 and figures.first_byte_ms < LEAST_SPAN_MS:
        return Verdict("unclear", f"all came at once and soon, as short answers do; {untold}", figures)
    if len(writes) == 1:
        return Verdict(
            "buffers_wholly",
            f"all came at once, {figures.first_byte_ms / 1000:.1f} s after the request; "
            f"it may also have been written at once: {untold}",
            figures,
        )
    if figures.came_over_ms < LEAST_SPAN_MS or len(writes) < LEAST_WRITES:
        return Verdict("unclear", f"it was over too soon to tell; {untold}", figures)
    if figures.largest_burst_bytes * 2 > figures.bytes:
        return Verdict("buffers_partly", f"more than half of it came in one burst; {untold}", figures)
    return Verdict("streams", f"it came in {len(writes)} parts; {untold}", figures)


def _bursts(writes: tuple[Write, ...], *, within_ms: float) -> list[list[Write]]:
    """Return the writes in groups that came together."""
    bursts = [[writes[0]]]
    for before, after in pairwise(writes):
        if after.came_ms - before.came_ms <= within_ms:
            bursts[-1].append(after)
        else:
            bursts.append([after])
    return bursts


def _lags(writes: tuple[Write, ...]) -> list[float]:
    """Return how much later than the fastest each write came: no two clocks need to agree for that."""
    raw = [write.came_ms - (write.sent_ms or 0.0) for write in writes]
    return [lag - min(raw) for lag in raw]


def _figures(
    writes: tuple[Write, ...],
    bursts: list[list[Write]],
    arrivals: Arrivals,
    *,
    lags: list[float] | None = None,
    late: list[bool] | None = None,
    span_ms: float | None = None,
) -> Figures:
    came = [write.came_ms for write in writes]
    between = gaps(came)
    largest = max(bursts, key=lambda burst: (len(burst), sum(write.size for write in burst)))
    head = _length_of_first_run(late) if late is not None else None
    return Figures(
        writes=len(writes),
        arrivals=len(bursts),
        bytes=sum(write.size for write in writes),
        first_byte_ms=arrivals.pieces[0].at_ms,
        last_byte_ms=arrivals.pieces[-1].at_ms,
        sent_over_ms=span_ms,
        came_over_ms=came[-1] - came[0],
        median_gap_ms=median(between) if between else 0.0,
        longest_gap_ms=max(between, default=0.0),
        largest_burst=len(largest),
        largest_burst_bytes=sum(write.size for write in largest),
        held=sum(late) if late is not None else None,
        held_first=head,
        held_first_bytes=None if head is None else sum(write.size for write in writes[: head + 1]),
        held_ms=max(lags) if lags else None,
    )


def _length_of_first_run(late: list[bool]) -> int:
    first, run = next(((is_late, len(list(group))) for is_late, group in groupby(late)), (False, 0))
    return run if first else 0
