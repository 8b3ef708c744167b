"""Payload format 2.0, field by field."""

from datetime import UTC, datetime
from typing import Any

import pytest

from local.function_url_event import Headers, ReceivedRequest, make_event

NOW = datetime(2022, 8, 5, 8, 14, 39, 885_000, tzinfo=UTC)


def event_of(*, headers: Headers = (), **changes: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "method": "POST",
        "path": "/a%2Fb",
        "query": "",
        "headers": (("host", "127.0.0.1:3000"), *headers),
        "body": b"",
        "source_ip": "127.0.0.1",
        "port": 3000,
    }
    request = ReceivedRequest(**(fields | changes))
    return make_event(request, request_id="id-1", trace_id="Root=1-62ecd163-5f30", now=NOW)


def test_a_plain_request_has_no_optional_fields() -> None:
    assert event_of(headers=(("user-agent", "curl/8"),), method="GET") == {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/a%2Fb",
        "rawQueryString": "",
        "headers": {
            "host": "127.0.0.1:3000",
            "user-agent": "curl/8",
            "x-forwarded-for": "127.0.0.1",
            "x-forwarded-port": "3000",
            "x-forwarded-proto": "http",
            "x-amzn-trace-id": "Root=1-62ecd163-5f30",
        },
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "local",
            "domainName": "127.0.0.1",
            "domainPrefix": "local",
            "http": {
                "method": "GET",
                "path": "/a%2Fb",
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "curl/8",
            },
            "requestId": "id-1",
            "routeKey": "$default",
            "stage": "$default",
            "time": "05/Aug/2022:08:14:39 +0000",
            "timeEpoch": 1659687279885,
        },
        "isBase64Encoded": False,
    }


def test_repeated_headers_are_joined_and_those_of_the_connection_left_out() -> None:
    headers = (("x-a", "1"), ("connection", "keep-alive"), ("x-a", "2, 3"), ("transfer-encoding", "chunked"))
    received = event_of(headers=headers, body=b"x")["headers"]
    assert received["x-a"] == "1,2, 3"
    assert received["content-length"] == "1"
    assert not {"connection", "transfer-encoding"} & set(received)


def test_cookies_become_a_list_of_their_own() -> None:
    event = event_of(headers=(("cookie", "a=1; b=2;"), ("cookie", "c=3")))
    assert event["cookies"] == ["a=1", "b=2", "c=3"]
    assert "cookie" not in event["headers"]


def test_a_client_cannot_choose_its_forwarded_port_but_its_proxies_are_kept() -> None:
    headers = (("x-forwarded-for", "203.0.113.9"), ("x-forwarded-port", "443"))
    received = event_of(headers=headers)["headers"]
    assert (received["x-forwarded-for"], received["x-forwarded-port"]) == ("203.0.113.9, 127.0.0.1", "3000")


def test_query_parameters_are_decoded_and_repeated_ones_joined() -> None:
    event = event_of(query="q=a%20b+c&q=2&empty=&flag&caf%C3%A9=%F0%9F%92%AA")
    assert event["rawQueryString"] == "q=a%20b+c&q=2&empty=&flag&caf%C3%A9=%F0%9F%92%AA"
    assert event["queryStringParameters"] == {"q": "a b c,2", "empty": "", "flag": "", "café": "💪"}


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("application/json", b'{"a": 1}', ('{"a": 1}', False)),
        ("application/problem+json; charset=utf-8", b"{}", ("{}", False)),
        ("text/plain", "héllo".encode(), ("héllo", False)),
        ("text/plain", b"h\xe9llo", ("aOlsbG8=", True)),
        ("application/x-www-form-urlencoded", b"a=1", ("YT0x", True)),
        ("application/octet-stream", b"a", ("YQ==", True)),
        ("", b"a", ("YQ==", True)),
    ],
)
def test_text_is_text_and_all_else_base64(content_type: str, body: bytes, expected: tuple[str, bool]) -> None:
    event = event_of(headers=(("content-type", content_type),), body=body)
    assert (event["body"], event["isBase64Encoded"]) == expected
