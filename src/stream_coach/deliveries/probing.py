"""Is the service alive, does the path to it buffer, and does a break in a stream arrive as one."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice

from libs.coach_conversation.ports import Ports
from libs.lambda_runtime import StreamingResponse
from libs.streaming import probe
from libs.streaming.requests import Request
from stream_coach.deliveries.call import Call
from stream_coach.deliveries.json_answers import answer

WORDS_BEFORE_THE_BREAK = 4


class BrokenOnPurpose(Exception):
    """Ends the body of `break_stream`, and is no fault of the service."""


def health(_: Request) -> StreamingResponse:
    return answer(200, {"status": "ok"})


def stream_words(request: Request) -> StreamingResponse:
    """Stream the probe; options come from the query, or from the body of a POST that has one."""
    values = dict(request.json_body()) if request.body.strip() else dict(request.query)
    options = probe.parse_options(values)
    return _streamed(options, _words(options, request.request_id))


def break_stream(call: Call, _: Ports) -> StreamingResponse:
    """Stream some words and fail: who reads them must notice that the end is missing.

    It counts as a failed invocation, so that it takes a token.
    """
    options = probe.ProbeOptions(delay_s=0)
    return _streamed(options, _broken(_words(options, call.request.request_id)))


def invoked_words(request: Request) -> Iterator[bytes]:
    """Return the probe for a direct invocation: streamed raw. Raises InvalidProbeOptions."""
    return _words(probe.parse_options(request.payload), request.request_id)


def _streamed(options: probe.ProbeOptions, body: Iterator[bytes]) -> StreamingResponse:
    headers = {
        "content-type": probe.CONTENT_TYPES[options.format],
        "cache-control": "no-cache, no-transform",
        "x-accel-buffering": "no",
    }
    return StreamingResponse(200, headers, (), body)


def _broken(words: Iterator[bytes]) -> Iterator[bytes]:
    # the start line, then the words
    yield from islice(words, 1 + WORDS_BEFORE_THE_BREAK)
    raise BrokenOnPurpose("this stream was asked to break off")


def _words(options: probe.ProbeOptions, request_id: str) -> Iterator[bytes]:
    return probe.words(options, request_id=request_id, sleep=time.sleep, now=lambda: datetime.now(UTC))
