"""What needs no token: is it alive, and does anything on the way hold a stream back."""

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest

from tests.stack.client import DIRECT, Stack

pytestmark = pytest.mark.stack

PROBE = "/health/stream"
SENTENCE = "one two three four"
DELAY_S = 0.15


def _arrivals(response: httpx.Response) -> Iterator[tuple[float, str]]:
    for piece in response.iter_text():
        yield time.monotonic(), piece


def _asked(stack: Stack, method: str, path: str, **request: Any) -> tuple[httpx.Response, list[float], str]:
    """Return the response, when its pieces arrived, and its whole text."""
    with stack.http.stream(method, path, **request) as response:
        pieces = list(_arrivals(response))
    return response, [at_s for at_s, _ in pieces], "".join(piece for _, piece in pieces)


def _check_words(text: str, sentence: str = SENTENCE) -> None:
    start, *words, complete = [json.loads(line) for line in text.splitlines()]
    said = sentence.split()
    assert (start["status"], start["word_count"]) == ("start", len(said))
    assert start.keys() == {"status", "request_id", "word_count", "timestamp"}
    assert [(word["type"], word["data"], word["sequence"], word["total"]) for word in words] == [
        ("word", word, number, len(said)) for number, word in enumerate(said, start=1)
    ]
    assert (complete["status"], complete["word_count"]) == ("complete", len(said))


def _check_spread(at_s: list[float], pauses: int) -> None:
    assert at_s[-1] - at_s[0] > pauses * DELAY_S * 0.8
    assert len(at_s) > pauses


def test_the_function_is_alive_for_whoever_asks(stack: Stack) -> None:
    response = stack.http.get("/health")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_words_arrive_one_by_one_as_json(method: str, stack: Stack) -> None:
    options = {"delay": DELAY_S, "sentence": SENTENCE}
    request: Mapping[str, Any] = {"params": options} if method == "GET" else {"json": options}
    response, at_s, text = _asked(stack, method, PROBE, **request)
    assert (response.status_code, response.headers["cache-control"]) == (200, "no-cache, no-transform")
    assert response.headers["content-type"] == "application/x-ndjson; charset=utf-8"
    _check_words(text)
    _check_spread(at_s, len(SENTENCE.split()) - 1)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_words_arrive_one_by_one_as_text(method: str, stack: Stack) -> None:
    options = {"delay": DELAY_S, "sentence": SENTENCE, "format": "text"}
    request: Mapping[str, Any] = {"params": options} if method == "GET" else {"json": options}
    response, at_s, text = _asked(stack, method, PROBE, **request)
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert text == f"{SENTENCE}\n"
    _check_spread(at_s, len(SENTENCE.split()) - 1)


def test_a_direct_invocation_streams_the_words_raw(stack: Stack) -> None:
    event = {"delay": DELAY_S, "format": "json", "sentence": SENTENCE}
    response, at_s, text = _asked(stack, "POST", DIRECT, json=event)
    assert (response.status_code, response.headers["content-type"]) == (200, "application/octet-stream")
    assert "\0" not in text
    _check_words(text)
    _check_spread(at_s, len(SENTENCE.split()) - 1)


def test_a_direct_invocation_with_half_of_the_options_takes_the_defaults_for_the_rest(stack: Stack) -> None:
    _, _, text = _asked(stack, "POST", DIRECT, json={"delay": 0})
    _check_words(text, "Hello this is a streaming Lambda function response")


@pytest.mark.parametrize(
    "options",
    [
        {"delay": "-1"},
        {"delay": "11"},
        {"delay": "soon"},
        {"delay": "nan"},
        {"format": "xml"},
        {"sentence": ""},
        {"sentence": "word " * 201},
        {"delay": "10", "sentence": "word " * 100},
    ],
    ids=lambda options: str(options)[:40],
)
def test_an_option_out_of_range_is_refused(options: dict[str, str], stack: Stack) -> None:
    for response in (stack.http.get(PROBE, params=options), stack.http.post(PROBE, json=options)):
        assert (response.status_code, response.json()["code"]) == (400, "INVALID_PROBE_OPTIONS")


@pytest.mark.parametrize("event", [{"delay": -1}, {"format": "xml"}, {"hello": "there"}, {}], ids=str)
def test_a_direct_invocation_that_cannot_be_served_says_so_without_a_prelude(
    event: dict[str, Any], stack: Stack
) -> None:
    response = stack.http.post(DIRECT, json=event)
    code = "INVALID_PROBE_OPTIONS" if event.keys() & {"delay", "format"} else "INVALID_EVENT"
    assert b"\0" not in response.content
    assert code in response.text
