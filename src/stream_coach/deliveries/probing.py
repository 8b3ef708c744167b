"""What needs no token: is the service alive, and does the path to it buffer."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

from libs.lambda_runtime import StreamingResponse
from libs.streaming import probe
from libs.streaming.requests import Request
from stream_coach.deliveries.plain_json import answer


def health(_: Request) -> StreamingResponse:
    return answer(200, {"status": "ok"})


def stream_words(request: Request) -> StreamingResponse:
    """Stream the probe; options come from the query, or from the body of a POST that has one."""
    values = dict(request.json_body()) if request.body.strip() else dict(request.query)
    options = probe.parse_options(values)
    headers = {
        "content-type": probe.CONTENT_TYPES[options.format],
        "cache-control": "no-cache, no-transform",
        "x-accel-buffering": "no",
    }
    return StreamingResponse(200, headers, (), _words(options, request.request_id))


def invoked_words(request: Request) -> Iterator[bytes]:
    """Return the probe for a direct invocation: streamed raw. Raises InvalidProbeOptions."""
    return _words(probe.parse_options(request.payload), request.request_id)


def _words(options: probe.ProbeOptions, request_id: str) -> Iterator[bytes]:
    return probe.words(options, request_id=request_id, sleep=time.sleep, now=lambda: datetime.now(UTC))
