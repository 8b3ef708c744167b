"""CORS as AWS answers it from a Function URL's configuration."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.cors import doubled, is_preflight, preflight_headers, response_headers
from local.function_config import Cors
from tests.local.function_host import Host, hosting, scripted_function

ORIGIN = "https://localhost:8080"
RECORDED = Cors(
    allow_origins=(ORIGIN,),
    allow_methods=("GET", "POST"),
    allow_headers=("authorization", "content-type", "x-books-authorization"),
    allow_credentials=True,
)


def test_a_preflight_is_answered_as_aws_was_recorded_to_answer() -> None:
    assert preflight_headers(RECORDED, ORIGIN) == (
        ("vary", "Origin"),
        ("access-control-allow-origin", ORIGIN),
        ("access-control-allow-credentials", "true"),
        ("access-control-allow-methods", "GET,POST"),
        ("access-control-allow-headers", "authorization,content-type,x-books-authorization"),
    )


def test_any_origin_is_a_star_unless_credentials_are_allowed() -> None:
    any_origin = Cors(allow_origins=("*",), expose_headers=("x-a", "x-b"), max_age_s=60)
    assert response_headers(any_origin, ORIGIN) == (
        ("vary", "Origin"),
        ("access-control-allow-origin", "*"),
        ("access-control-expose-headers", "x-a,x-b"),
    )
    assert ("access-control-max-age", "60") in preflight_headers(any_origin, ORIGIN)
    with_credentials = Cors(allow_origins=("*",), allow_credentials=True)
    assert ("access-control-allow-origin", ORIGIN) in response_headers(with_credentials, ORIGIN)


def test_another_origin_and_no_origin_get_nothing() -> None:
    assert preflight_headers(RECORDED, "https://evil.example") == (("vary", "Origin"),)
    assert response_headers(RECORDED, "https://evil.example") == (("vary", "Origin"),)
    assert response_headers(RECORDED, "") == ()
    assert response_headers(None, ORIGIN) == ()


def test_a_preflight_has_both_headers() -> None:
    both = (("origin", ORIGIN), ("access-control-request-method", "POST"))
    assert is_preflight("OPTIONS", both)
    assert not is_preflight("OPTIONS", both[:1])
    assert not is_preflight("POST", both)


def test_headers_that_aws_would_send_twice_are_named() -> None:
    ours = response_headers(RECORDED, ORIGIN)
    theirs = (("access-control-allow-origin", "*"), ("vary", "Accept"), ("access-control-max-age", "1"))
    assert doubled(theirs, ours) == ("access-control-allow-origin",)


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    with hosting(tmp_path, function=scripted_function(tmp_path, cors=RECORDED)) as host:
        yield host


def test_the_host_answers_a_preflight_without_the_function(host: Host) -> None:
    headers = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
    answer = host.get({"error": "never run"}, method="OPTIONS", headers=headers)
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["access-control-allow-methods"] == "GET,POST"
    assert host.get({"answer": "run"}, method="OPTIONS").json() == "run"


def test_the_configuration_wins_over_the_function_s_headers_and_the_doubles_are_reported(host: Host) -> None:
    theirs = {"Access-Control-Allow-Origin": "*", "Vary": "Accept"}
    prelude = {"statusCode": 200, "headers": theirs}
    answer = host.get({"prelude": prelude}, {"end": None}, headers={"Origin": ORIGIN})
    assert answer.headers.get_all("access-control-allow-origin") == [ORIGIN]
    assert answer.headers.get_all("vary") == ["Accept", "Origin"]
    (report,) = host.reports
    assert report.startswith("AWS would send access-control-allow-origin twice")
    answer = host.get({"prelude": prelude}, {"end": None})
    assert answer.headers.get_all("access-control-allow-origin") == ["*"]


def test_a_page_can_read_the_host_s_own_errors(host: Host) -> None:
    answer = host.get({"error": "x"}, headers={"Origin": ORIGIN})
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (502, ORIGIN)
