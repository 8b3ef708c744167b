"""When each write of the server arrived, by the server's own clock where it tells it. Pure."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate, pairwise
from typing import Final

from local.path_probe.arrivals import Arrivals, Piece

# Lines that a server writes at once may carry times a little apart.
AT_ONCE_MS: Final = 8.0


@dataclass(frozen=True, slots=True)
class Write:
    """What a server sent at one moment.

    Units   `sent_ms` on the server's clock, None where it does not say; `came_ms` since the request, when the
            last byte of it was there
    """

    sent_ms: float | None
    came_ms: float
    size: int


def probe_writes(arrivals: Arrivals) -> tuple[Write, ...]:
    """Return the writes of a word probe, by the timestamps in its lines; empty where these are none."""
    body = arrivals.body
    # A stream that was not read to its end may stop within a line.
    lines = body[: body.rfind(b"\n") + 1].splitlines(keepends=True)
    sent = [_timestamp_ms(line) for line in lines]
    if len(lines) < 2 or any(at is None for at in sent):
        return ()
    came = _came_ms(arrivals.pieces, accumulate(len(line) for line in lines))
    return tuple(_joined(zip(sent, came, (len(line) for line in lines), strict=True)))


def plain_writes(arrivals: Arrivals) -> tuple[Write, ...]:
    """Return what arrived together as one write each: all there is to see where the server gives no times."""
    merged: list[Write] = []
    for piece in arrivals.pieces:
        if merged and piece.at_ms - merged[-1].came_ms <= AT_ONCE_MS:
            merged[-1] = Write(None, piece.at_ms, merged[-1].size + len(piece.data))
        else:
            merged.append(Write(None, piece.at_ms, len(piece.data)))
    return tuple(merged)


def _joined(lines: Iterable[tuple[float | None, float, int]]) -> Iterator[Write]:
    """Join the lines that the server wrote at one moment."""
    open_: Write | None = None
    for sent_ms, came_ms, size in lines:
        if open_ is not None and open_.sent_ms is not None and sent_ms is not None:
            if sent_ms - open_.sent_ms <= AT_ONCE_MS:
                open_ = Write(open_.sent_ms, came_ms, open_.size + size)
                continue
            yield open_
        open_ = Write(sent_ms, came_ms, size)
    if open_ is not None:
        yield open_


def _came_ms(pieces: tuple[Piece, ...], ends: Iterable[int]) -> Iterator[float]:
    """Yield when each of these offsets of the body was there."""
    waiting, have, at_ms = iter(pieces), 0, 0.0
    for end in ends:
        while have < end:
            piece = next(waiting)
            have += len(piece.data)
            at_ms = piece.at_ms
        yield at_ms


def _timestamp_ms(line: bytes) -> float | None:
    try:
        found = json.loads(line)
        moment = datetime.fromisoformat(found["timestamp"])
    except (ValueError, KeyError, TypeError):
        return None
    return moment.timestamp() * 1000


def gaps(times: Iterable[float]) -> list[float]:
    return [after - before for before, after in pairwise(times)]
