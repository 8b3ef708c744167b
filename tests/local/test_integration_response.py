"""Preludes and response documents: bytes in, heads out."""

import json
from typing import Any

import pytest

from local.integration_response import (
    InvalidResponse,
    PreludeParser,
    ResponseHead,
    parse_buffered,
    parse_head,
)

PRELUDE = b'{"statusCode": 201, "headers": {"X-A": "b"}, "cookies": ["c=d"]}'
HEAD = ResponseHead(201, (("x-a", "b"), ("set-cookie", "c=d")))


def test_a_prelude_is_found_byte_by_byte() -> None:
    whole = PRELUDE + b"\0" * 8 + b"\0body"
    parser = PreludeParser()
    found = [parser.feed(whole[at : at + 1]) for at in range(len(PRELUDE) + 8)]
    assert found == [None] * (len(PRELUDE) + 7) + [(HEAD, b"")]


def test_a_prelude_is_found_with_the_body_behind_it() -> None:
    assert PreludeParser().feed(PRELUDE + b"\0" * 9 + b"body") == (HEAD, b"\0body")


def test_a_prelude_without_fields_is_a_200() -> None:
    assert PreludeParser().feed(b"{}" + b"\0" * 8) == (ResponseHead(200, ()), b"")


def test_a_prelude_has_an_end() -> None:
    parser = PreludeParser()
    assert parser.feed(b"x" * 65_536) is None
    with pytest.raises(InvalidResponse, match="no prelude ends within 65536 bytes"):
        parser.feed(b"x")


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ([], "expected a JSON object"),
        ({"statusCode": 199}, "199 is not a status"),
        ({"statusCode": "ok"}, "'ok' is not a status"),
        ({"statusCode": True}, "True is not a status"),
        ({"headers": []}, None),
        ({"headers": ["a"]}, "headers must be an object"),
        ({"cookies": "a=b"}, "cookies a list"),
        ({"headers": {"x-a": {}}}, "the value of header 'x-a' is dict"),
        ({"headers": {"x a": "1"}}, "header 'x a'"),
        ({"headers": {"x-a": "1\nx-b: 2"}}, "header 'x-a'"),
        ({"cookies": ["a=b\r\n"]}, "header 'set-cookie'"),
    ],
)
def test_what_cannot_be_a_head_is_named(document: Any, why: str | None) -> None:
    if why is None:
        assert parse_head(document) == ResponseHead(200, ())
        return
    with pytest.raises(InvalidResponse, match=why):
        parse_head(document)


def test_values_that_are_not_strings_are_written_as_json_writes_them() -> None:
    head = parse_head({"statusCode": "202", "headers": {"x-n": 1, "x-b": True, "x-f": 0.5}})
    assert head == ResponseHead(202, (("x-n", "1"), ("x-b", "true"), ("x-f", "0.5")))


def test_headers_of_the_connection_are_renamed_or_dropped() -> None:
    headers = {"Content-Length": 3, "Server": "mine", "Transfer-Encoding": "chunked", "Upgrade": "h2c"}
    expected = (("x-amzn-remapped-content-length", "3"), ("x-amzn-remapped-server", "mine"))
    assert parse_head({"headers": headers}).headers == expected


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"statusCode": 204}, (204, b"")),
        ({"statusCode": 200, "body": "text"}, (200, b"text")),
        ({"statusCode": 200, "body": {"a": 1}}, (200, b'{"a": 1}')),
        ({"statusCode": 200, "body": "/w==", "isBase64Encoded": True}, (200, b"\xff")),
        ({"body": "no status"}, (200, b'{"body": "no status"}')),
        ("text", (200, b'"text"')),
        (None, (200, b"null")),
    ],
)
def test_a_buffered_answer_becomes_a_response(document: Any, expected: tuple[int, bytes]) -> None:
    head, body = parse_buffered(json.dumps(document).encode())
    assert (head.status, body) == expected
    assert ("content-type", "application/json") in head.headers
