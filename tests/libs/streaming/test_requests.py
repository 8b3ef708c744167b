import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.streaming.errors import (
    InvalidEvent,
    InvalidJson,
    MissingRequestBody,
    PayloadTooLarge,
    StreamingError,
    UnsupportedCoding,
    UnsupportedMediaType,
)
from libs.streaming.requests import Request, parse_event

STREAM = "/users/alice/coaches/c-1/conversations/v-1/stream"
FUNCTION_URL: dict[str, Any] = {
    "version": "2.0",
    "routeKey": "$default",
    "rawPath": STREAM,
    "rawQueryString": "protocol=typed&name=J%C3%BCrgen+M&a=1&a=2",
    "cookies": ["theme=dark", "s=1"],
    "headers": {"Authorization": "Bearer a.b.c", "content-type": "application/json", "x-multi": "1,2"},
    "queryStringParameters": {"protocol": "typed", "name": "Jürgen M", "a": "1,2"},
    "requestContext": {
        "accountId": "anonymous",
        "http": {"method": "POST", "path": STREAM, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.1"},
        "requestId": "url-1",
    },
    "body": '{"userResponse": "Grüße"}',
    "isBase64Encoded": False,
}
REST_PROXY: dict[str, Any] = {
    "resource": "/{proxy+}",
    "path": STREAM,
    "httpMethod": "POST",
    "headers": {"Authorization": "Bearer a.b.c", "X-Multi": "2"},
    "multiValueHeaders": {"Authorization": ["Bearer a.b.c"], "X-Multi": ["1", "2"], "Cookie": ["s=1", "t=2"]},
    "queryStringParameters": {"name": "Jürgen M", "a": "2"},
    "multiValueQueryStringParameters": {"name": ["Jürgen M"], "a": ["1", "2"]},
    "pathParameters": {"proxy": STREAM[1:]},
    "requestContext": {"httpMethod": "POST", "path": f"/prod{STREAM}", "stage": "prod"},
    "body": "eyJ1c2VyUmVzcG9uc2UiOiAiaGkifQ==",
    "isBase64Encoded": True,
}


def parsed(event: object) -> Request:
    return parse_event(event, request_id="r-1")


def test_a_function_url_event_is_read() -> None:
    assert parsed(FUNCTION_URL) == Request(
        source="function_url",
        request_id="r-1",
        method="POST",
        path="/users/alice/coaches/c-1/conversations/v-1/stream",
        raw_query="protocol=typed&name=J%C3%BCrgen+M&a=1&a=2",
        query={"protocol": "typed", "name": "Jürgen M", "a": "2"},
        headers={
            "authorization": "Bearer a.b.c",
            "content-type": "application/json",
            "x-multi": "1,2",
            "cookie": "theme=dark; s=1",
        },
        body=b'{"userResponse": "Gr\xc3\xbc\xc3\x9fe"}',
    )


def test_a_rest_proxy_event_is_read() -> None:
    assert parsed(REST_PROXY) == Request(
        source="rest_proxy",
        request_id="r-1",
        method="POST",
        path="/users/alice/coaches/c-1/conversations/v-1/stream",
        raw_query="name=J%C3%BCrgen%20M&a=1&a=2",
        query={"name": "Jürgen M", "a": "2"},
        headers={"authorization": "Bearer a.b.c", "x-multi": "1, 2", "cookie": "s=1; t=2"},
        body=b'{"userResponse": "hi"}',
    )


def test_anything_else_is_a_direct_invocation() -> None:
    payload = {"action": "chat-v2-stream", "payload": {"messages": []}}
    assert parsed(payload) == Request(source="direct", request_id="r-1", payload=payload)


@pytest.mark.parametrize(
    "event",
    [
        pytest.param({}, id="empty"),
        pytest.param({"version": "2.0"}, id="a version of the caller's own"),
        pytest.param({"requestContext": {}}, id="a context without a version"),
        pytest.param({"Records": []}, id="queue records"),
    ],
)
def test_what_only_resembles_an_http_event_is_a_direct_invocation(event: dict[str, Any]) -> None:
    assert parsed(event).source == "direct"


@pytest.mark.parametrize(
    ("event", "field", "expected"),
    [
        ({"version": "2.0", "rawPath": "/", "requestContext": {"http": {"method": "GET"}}}, "method", "GET"),
        ({"httpMethod": "GET", "path": "/health"}, "path", "/health"),
        ({**FUNCTION_URL, "body": None, "isBase64Encoded": None}, "body", b""),
        ({**FUNCTION_URL, "cookies": None, "headers": None}, "headers", {}),
        ({**FUNCTION_URL, "rawQueryString": None}, "query", {}),
        ({**FUNCTION_URL, "rawPath": "/a%2Fb/%zz//"}, "path", "/a%2Fb/%zz//"),
        (
            {**FUNCTION_URL, "cookies": ["b=2"], "headers": {"Cookie": "a=1"}},
            "headers",
            {"cookie": "a=1; b=2"},
        ),
        (
            {**FUNCTION_URL, "cookies": [], "headers": {"AUTHORIZATION": "x", "Authorization": "y"}},
            "headers",
            {"authorization": "x, y"},
        ),
        (
            {**REST_PROXY, "multiValueHeaders": None},
            "headers",
            {"authorization": "Bearer a.b.c", "x-multi": "2"},
        ),
        ({**REST_PROXY, "multiValueQueryStringParameters": None}, "raw_query", "name=J%C3%BCrgen%20M&a=2"),
        (
            {**REST_PROXY, "queryStringParameters": None, "multiValueQueryStringParameters": None},
            "query",
            {},
        ),
        ({**REST_PROXY, "multiValueHeaders": {"Empty": []}}, "headers", {}),
    ],
)
def test_absent_and_null_fields_are_empty(event: dict[str, Any], field: str, expected: object) -> None:
    assert getattr(parsed(event), field) == expected


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (None, "the event is not a JSON object; invoke with an object"),
        ([FUNCTION_URL], "the event is not a JSON object; invoke with an object"),
        ("{}", "the event is not a JSON object; invoke with an object"),
        ({**FUNCTION_URL, "requestContext": None}, "'requestContext' of the event is not an object"),
        ({**FUNCTION_URL, "requestContext": {}}, "'http' of the event is not an object"),
        ({**FUNCTION_URL, "requestContext": {"http": {}}}, "'method' of the event is not text"),
        ({**FUNCTION_URL, "rawPath": None}, "'rawPath' of the event is not text"),
        ({**FUNCTION_URL, "rawPath": "/\ud800"}, "'rawPath' of the event is not text"),
        ({**FUNCTION_URL, "rawQueryString": {}}, "'rawQueryString' of the event is not text"),
        ({**FUNCTION_URL, "headers": []}, "'headers' of the event is not an object"),
        ({**FUNCTION_URL, "headers": {"a": None}}, "'headers' of the event is not text"),
        ({**FUNCTION_URL, "headers": {"a": "\udfff"}}, "'headers' of the event is not text"),
        ({**FUNCTION_URL, "cookies": "a=1"}, "'cookies' of the event is not an array of strings"),
        ({**FUNCTION_URL, "cookies": [1]}, "'cookies' of the event is not text"),
        ({**FUNCTION_URL, "body": {"a": 1}}, "'body' of the event is not text"),
        ({**FUNCTION_URL, "body": "\ud800"}, "'body' of the event is not text"),
        ({**FUNCTION_URL, "isBase64Encoded": "true"}, "'isBase64Encoded' of the event is not a boolean"),
        ({**REST_PROXY, "body": "a"}, "'body' of the event is not base64, as isBase64Encoded says"),
        ({**REST_PROXY, "body": "ä==="}, "'body' of the event is not base64, as isBase64Encoded says"),
        ({**REST_PROXY, "body": "aG k="}, "'body' of the event is not base64, as isBase64Encoded says"),
        ({**REST_PROXY, "httpMethod": None}, "'httpMethod' of the event is not text"),
        ({**REST_PROXY, "path": None}, "'path' of the event is not text"),
        ({**REST_PROXY, "multiValueHeaders": {"a": "b"}}, "'multiValueHeaders' of the event is not an array"),
        (
            {**REST_PROXY, "multiValueQueryStringParameters": 1},
            "'multiValueQueryStringParameters' of the event",
        ),
        ({"action": "\ud800"}, "a string holds half of a surrogate pair; send whole characters"),
        ({"delay": float("nan")}, "NaN and infinite numbers are not JSON; send a finite number or null"),
    ],
)
def test_a_malformed_event_is_refused_by_name(event: object, message: str) -> None:
    with pytest.raises(InvalidEvent) as caught:
        parsed(event)
    assert str(caught.value).startswith(message)


def test_a_request_shows_nothing_private_in_its_repr() -> None:
    assert repr(parsed({**FUNCTION_URL, "rawQueryString": "ticket=secret"})) == (
        "Request(source='function_url', request_id='r-1', method='POST',"
        " path='/users/alice/coaches/c-1/conversations/v-1/stream')"
    )


def posted(body: bytes, content_type: str | None = "application/json") -> Request:
    headers = {} if content_type is None else {"content-type": content_type}
    return Request(source="function_url", request_id="r-1", method="POST", headers=headers, body=body)


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "application/json",
        "APPLICATION/JSON",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        "application/merge-patch+json",
    ],
)
def test_json_is_read_where_nothing_else_is_declared(content_type: str | None) -> None:
    assert posted(b'{"a": 1}', content_type).json_body() == {"a": 1}


@pytest.mark.parametrize(
    ("content_type", "message"),
    [
        (
            "application/x-www-form-urlencoded",
            "the body is declared as 'application/x-www-form-urlencoded' (curl -d says so unless told"
            " otherwise); send JSON with the header 'content-type: application/json'",
        ),
        (
            "multipart/form-data; boundary=x",
            "the body is declared as 'multipart/form-data'; "
            "send JSON with the header 'content-type: application/json'",
        ),
        (
            "text/plain;charset=UTF-8",
            "the body is declared as 'text/plain'; "
            "send JSON with the header 'content-type: application/json'",
        ),
        (
            "application/jsonp",
            "the body is declared as 'application/jsonp'; "
            "send JSON with the header 'content-type: application/json'",
        ),
    ],
)
def test_another_media_type_is_refused_with_the_way_out(content_type: str, message: str) -> None:
    with pytest.raises(UnsupportedMediaType) as caught:
        posted(b'{"a": 1}', content_type).json_body()
    assert str(caught.value) == message


@pytest.mark.parametrize("coding", ["gzip", "BR", "gzip, identity"])
def test_a_compressed_body_is_refused_even_if_it_reads_as_json(coding: str) -> None:
    request = Request(source="direct", request_id="r-1", headers={"content-encoding": coding}, body=b"{}")
    with pytest.raises(UnsupportedCoding) as caught:
        request.json_body()
    assert (
        str(caught.value) == f"the body is encoded as {coding.lower()!r}; send it without a content-encoding"
    )


def test_a_body_that_says_that_it_is_not_compressed_is_read() -> None:
    headers = {"content-encoding": "Identity"}
    assert Request(source="direct", request_id="r-1", headers=headers, body=b"{}").json_body() == {}


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("text/event-stream", True),
        ("Text/Event-Stream; charset=utf-8", True),
        ("application/json, text/event-stream;q=0.5", True),
        ("text/event-stream;q=0", False),
        ("application/json, text/event-stream; q=0.000", False),
        ("text/event-streams", False),
        ("application/x-text/event-stream", False),
        ("*/*", False),
        ("", False),
    ],
)
def test_an_event_stream_is_asked_for_by_name(accept: str, expected: bool) -> None:
    request = Request(source="direct", request_id="r-1", headers={"accept": accept})
    assert request.accepts_event_stream is expected


@pytest.mark.parametrize("body", [b"", b" ", b"\r\n\t "])
def test_an_empty_body_is_missing_whatever_its_type(body: bytes) -> None:
    with pytest.raises(MissingRequestBody):
        posted(body, "application/x-www-form-urlencoded").json_body()


def test_a_body_may_be_as_large_as_the_limit_and_no_larger() -> None:
    body = b'{"a":"' + b"x" * 1_048_568 + b'"}'
    assert len(body) == 1_048_576
    assert posted(body).json_body().keys() == {"a"}
    with pytest.raises(PayloadTooLarge) as caught:
        posted(body + b" ").json_body()
    assert str(caught.value) == "the body has 1048577 bytes; send at most 1048576"


def test_a_route_may_set_a_lower_limit() -> None:
    with pytest.raises(PayloadTooLarge):
        posted(b'{"a": 1}').json_body(limit=7)


def test_a_body_that_is_not_json_is_refused() -> None:
    with pytest.raises(InvalidJson):
        posted(b"hello").json_body()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
KEYS = sorted({*FUNCTION_URL, *REST_PROXY})
EVENTS = st.builds(
    lambda base, changes, dropped: {
        key: value for key, value in {**base, **changes}.items() if key not in dropped
    },
    st.sampled_from([FUNCTION_URL, REST_PROXY, {}]),
    st.dictionaries(st.sampled_from(KEYS), JSON, max_size=4),
    st.sets(st.sampled_from(KEYS), max_size=2),
)


@given(JSON | EVENTS)
def test_any_json_is_a_request_or_a_known_error(event: object) -> None:
    try:
        request = parsed(event)
        request.json_body()
    except StreamingError:
        return


@given(st.binary())
def test_a_base64_body_arrives_byte_for_byte(body: bytes) -> None:
    event = {**FUNCTION_URL, "body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    assert parsed(event).body == body
