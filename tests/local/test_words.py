"""The word probe, seen from the client."""

import json

import pytest

from local.errors import RequestRefused
from local.words import probe, verdict
from tests.local.wire import Script, served


def test_the_probes_words_come_through_unchanged() -> None:
    script = Script(content_type="text/plain; charset=utf-8", pieces=("Grüße ".encode(), b"you\n"))
    with served(script) as address:
        pieces = list(probe(address + "/", {"delay": 0, "format": "text"}, direct=False))
    assert "".join(piece.text for piece in pieces) == "Grüße you\n"
    [(method, path, _, body)] = script.asked
    assert (method, path, json.loads(body)) == ("POST", "/health/stream", {"delay": 0, "format": "text"})


def test_a_direct_probe_goes_past_the_routes() -> None:
    script = Script(content_type="application/octet-stream", pieces=(b"{}\n",))
    with served(script) as address:
        list(probe(address, {"format": "json"}, direct=True))
    assert script.asked[0][1] == "/2015-03-31/functions/function/invocations"


def test_a_failed_invocation_is_no_answer() -> None:
    script = Script(headers=(("x-amz-function-error", "Unhandled"),), pieces=(b'{"errorMessage":"no"}',))
    with served(script) as address, pytest.raises(RequestRefused, match="errorMessage"):
        list(probe(address, {}, direct=True))


def test_nobody_there_is_said_so() -> None:
    with served(Script()) as address:
        pass
    with pytest.raises(RequestRefused, match="UNREACHABLE"):
        list(probe(address, {}, direct=False))


def test_the_verdict_shows_whether_something_was_held_back() -> None:
    assert verdict([100.0, 300.0, 350.0]) == (
        "3 pieces: the first after 100 ms, the last after 350 ms, longest gap 200 ms"
    )
    assert verdict([]) == "nothing arrived"
