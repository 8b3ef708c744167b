"""The word probe, seen from the client: what arrives when shows whether the way here buffers."""

import time
from collections.abc import Generator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import httpx

from local.errors import RequestRefused

PROBE_PATH = "/health/stream"
DIRECT_PATH = "/2015-03-31/functions/function/invocations"
CONNECT_S = 5.0


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes that arrived together, decoded; `at_ms` counts from the request."""

    text: str
    at_ms: float


def probe(base_url: str, question: dict[str, Any], *, direct: bool) -> Generator[Piece]:
    """Ask the probe and yield what arrives, as it arrives.

    Shape   `question` holds any of delay (seconds), format (json, text), sentence; `direct` invokes the
            function without HTTP routes
    Raises  RequestRefused: nothing answers, or not with the probe's words
    """
    path = DIRECT_PATH if direct else PROBE_PATH
    timeout = httpx.Timeout(float(question.get("delay", 0)) + 30.0, connect=CONNECT_S)
    start = time.perf_counter()
    try:
        with (
            httpx.Client(timeout=timeout, trust_env=_is_remote(base_url)) as http,
            http.stream("POST", base_url.rstrip("/") + path, json=question) as response,
        ):
            # A direct invocation that failed answers 200 all the same, and says so in this header.
            if response.status_code != 200 or "x-amz-function-error" in response.headers:
                response.read()
                raise RequestRefused(f"HTTP_{response.status_code}", response.text[:500])
            for text in response.iter_text():
                yield Piece(text, (time.perf_counter() - start) * 1000)
    except httpx.ConnectError as error:
        raise RequestRefused("UNREACHABLE", f"nothing answers at {base_url}") from error
    except httpx.TransportError as error:
        raise RequestRefused("BROKEN_STREAM", f"the words broke off ({type(error).__name__})") from error


def verdict(times_ms: list[float]) -> str:
    """Return one line about how the pieces arrived."""
    if not times_ms:
        return "nothing arrived"
    gaps = [after - before for before, after in pairwise(times_ms)]
    return (
        f"{len(times_ms)} pieces: the first after {times_ms[0]:.0f} ms, "
        f"the last after {times_ms[-1]:.0f} ms, longest gap {max(gaps, default=0):.0f} ms"
    )


def _is_remote(url: str) -> bool:
    return httpx.URL(url).host not in ("127.0.0.1", "localhost", "::1")
