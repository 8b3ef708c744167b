"""`coach doctor` on services that are not well: what is said, and what to do about it."""

import base64
import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from local.cli import main
from local.doctor.turns import is_numbered, read_events, told
from tests.local.wire import Script, served

PRELUDE = b'{"statusCode":200,"headers":{"content-type":"application/json"},"cookies":[]}' + b"\0" * 8


def _doctor(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["doctor", *arguments])


def _examined(script: Script, *arguments: str) -> tuple[int, dict[str, dict[str, Any]]]:
    with served(script) as address:
        result = _doctor(address, "--json", *arguments)
    return result.exit_code, {row["check"]: row for row in json.loads(result.stdout)["checks"]}


def _token(claims: dict[str, Any]) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJSUzI1NiJ9.{payload}.c2ln"


def test_a_function_url_that_buffers_shows_its_prelude() -> None:
    code, found = _examined(Script(pieces=(PRELUDE, b'{"status":"ok"}'), content_type="application/json"))
    assert code == 1
    assert found["invoke mode"]["outcome"] == "failed"
    assert found["invoke mode"]["seen"] == "the prelude is in the body"
    assert "RESPONSE_STREAM" in found["invoke mode"]["advice"]


def test_what_a_proxy_does_to_answers_is_found() -> None:
    headers = (
        ("access-control-allow-origin", "*"),
        ("access-control-allow-origin", "https://app.example.com"),
        ("cache-control", "max-age=60"),
    )
    _, found = _examined(Script(pieces=(b"<h1>Sorry</h1>",), content_type="text/html", headers=headers))
    assert {name for name, row in found.items() if row["outcome"] == "ok"} == set()
    assert "cache-control: max-age=60" in found["headers"]["seen"]
    assert "two layers add CORS headers" in found["CORS of answers"]["advice"]
    assert found["unknown path"]["seen"] == "200 text/html"


def test_keys_that_cannot_be_read_are_told_from_a_forged_token_let_in() -> None:
    problem = b'{"code":"KEYS_UNAVAILABLE","status":503}'
    _, found = _examined(Script(status=503, pieces=(problem,), content_type="application/problem+json"))
    assert "JwksUrl" in found["forged token"]["advice"]


def test_without_a_token_what_needs_one_is_not_checked() -> None:
    script = Script()
    _, found = _examined(script)
    assert found["good token"]["seen"] == found["a turn"]["seen"] == "not checked: needs --token"
    assert not any(
        headers.get("authorization", "").startswith("Bearer eyJhbGciOiJSUzI1NiJ9.")
        for _, _, headers, _ in script.asked
    )


def test_with_a_token_no_model_is_asked_unless_wished() -> None:
    script = Script(pieces=(b'{"status":"ok"}',), content_type="application/json")
    _, found = _examined(script, "--token", _token({"custom:user_id": "alice"}))
    assert found["a turn"]["seen"] == "not checked: needs --turn (it calls the models)"
    assert found["another person"]["outcome"] == "failed"
    assert found["nothing to resume"]["seen"] == "not checked: no conversation could be begun"
    assert any(path.startswith("/users/alice/") for _, path, _, _ in script.asked)
    assert not any(path.endswith("/stream") and b"squats" in body for _, path, _, body in script.asked)


def test_a_stream_whose_break_is_hidden_is_found() -> None:
    words = b'{"type":"word"}\n{"type":"word"}\n'
    token = _token({"custom:user_id": "alice"})
    _, hidden = _examined(Script(pieces=(words,)), "--token", token)
    _, shown = _examined(Script(pieces=(words,), breaks_off=True), "--token", token)
    assert hidden["break of a stream"]["outcome"] == "failed"
    assert hidden["break of a stream"]["seen"] == "200, 2 words, a clean end"
    assert shown["break of a stream"]["outcome"] == "ok"


def test_where_nothing_answers_the_rest_is_not_tried() -> None:
    result = _doctor("http://127.0.0.1:9", "--json")
    rows = json.loads(result.stdout)["checks"]
    assert (result.exit_code, rows[0]["outcome"]) == (1, "failed")
    assert {row["seen"] for row in rows[1:]} == {"not checked: nothing answers"}


def test_the_table_shows_expected_seen_and_advice() -> None:
    with served(
        Script(status=502, pieces=(b'{"Message":"Internal"}',), content_type="application/json")
    ) as address:
        result = _doctor(address)
    assert result.exit_code == 1
    assert 'FAILED  alive                      GET /health: 200, "status":"ok" ' in result.stdout
    assert "→ read the function's log" in result.stdout
    assert "FAILED, 14 not checked" in result.stdout.splitlines()[-1]
    assert all(len(line) < 125 for line in result.stdout.splitlines())


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("ftp://x",), 2, "an address begins with https:// or http://"),
        (("https://x.example", "--token", "abc"), 1, "does not say in 'custom:user_id'"),
        (("https://x.example", "--token", "a b"), 2, "this is no token"),
    ],
)
def test_wrong_use_is_explained(arguments: tuple[str, ...], code: int, said: str) -> None:
    result = _doctor(*arguments)
    assert (result.exit_code, said in result.stderr) == (code, True), result.stderr


def test_events_are_read_whatever_stands_between_them() -> None:
    body = (
        b'retry: 3000\n\nid: t.1\ndata: {"type":"start","turnId":"t"}\n\n: keep-alive\n\n'
        b'id: t.2\ndata: {"type":"error","code":"CANCELLED"}\n\ndata: {br'
    )
    events = read_events(body)
    assert told(events) == "1 start, then error CANCELLED"
    assert is_numbered(events)
    assert (told([]), is_numbered(events[1:])) == ("no events", False)
