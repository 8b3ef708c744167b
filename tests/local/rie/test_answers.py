"""local/rie/answers.py: prelude and body apart, events out of a stream."""

import pytest

from local.rie.answers import (
    Mismatch,
    NumberedEvent,
    excerpt,
    parse_error,
    parse_lines,
    parse_turn,
    raw_text,
    split_prelude,
    visible,
)

PRELUDE = b'{"statusCode":201,"headers":{"Content-Type":"text/plain"},"cookies":[]}' + b"\0" * 8


def test_a_prelude_ends_with_the_first_eight_nuls() -> None:
    answer = split_prelude(PRELUDE + b"a\0\0\0\0\0\0\0\0b")
    assert (answer.status, dict(answer.headers)) == (201, {"content-type": "text/plain"})
    assert answer.body == b"a\0\0\0\0\0\0\0\0b"


def test_a_body_may_be_empty() -> None:
    assert split_prelude(PRELUDE).text == ""


@pytest.mark.parametrize(
    ("payload", "complaint"),
    [
        (b"", "no prelude: an empty answer"),
        (b"hello", "no prelude: hello"),
        (b"hello" + b"\0" * 7, "no prelude: hello"),
        (b"hello" + b"\0" * 8, r"the prelude is not JSON: hello\\0\\0\\0\\0\\0\\0\\0\\0"),
        (b'{"statusCode":"x"}' + b"\0" * 8, "statusCode 'x' is not a status"),
        (b'{"errorMessage":"m","errorType":"T"}', "no prelude: .*errorMessage"),
    ],
)
def test_what_has_no_good_prelude_is_told_with_its_beginning(payload: bytes, complaint: str) -> None:
    with pytest.raises(Mismatch, match=complaint):
        split_prelude(payload)


def test_a_raw_answer_has_no_nuls() -> None:
    assert raw_text("Grüße\n".encode()) == "Grüße\n"
    with pytest.raises(Mismatch, match="a prelude, which a direct invocation must not get"):
        raw_text(PRELUDE)


def test_an_answer_that_is_not_utf_8_is_refused() -> None:
    with pytest.raises(Mismatch, match="not UTF-8"):
        raw_text(b"\xff")


def test_a_stream_is_its_events_without_keep_alives() -> None:
    body = 'retry: 3000\n\nid: t.1\ndata: {"type":"start"}\n\n: keep-alive\n\nid: t.2\ndata: {"type":"x"}\n\n'
    assert parse_turn(body) == (NumberedEvent("t.1", {"type": "start"}), NumberedEvent("t.2", {"type": "x"}))


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("", "opens with ''"),
        ("id: t.1\ndata: {}\n\n", "opens with 'id: t.1"),
        ("retry: 3000", "breaks off"),
        ("retry: 3000\n\nid: t.1\ndata: {}", "breaks off"),
        ("retry: 3000\n\ndata: {}\n\n", "no event of the typed stream: 'data: {}'"),
        ("retry: 3000\n\nid: t.1\nevent: x\ndata: {}\n\n", "no event of the typed stream"),
        ("retry: 3000\n\nid: t.1\ndata: {\ndata: }\n\n", "no event of the typed stream"),
        ("retry: 3000\n\nid: t.1\ndata: {\n\n", "this is not JSON: '{'"),
        ("retry: 3000\n\nid: t.1\ndata: []\n\n", r"no JSON object: '\[\]'"),
    ],
)
def test_a_stream_of_another_form_is_refused(body: str, complaint: str) -> None:
    with pytest.raises(Mismatch, match=complaint):
        parse_turn(body)


def test_a_refused_stream_is_one_event() -> None:
    assert parse_error('data: {"type":"error"}\n\n') == {"type": "error"}
    with pytest.raises(Mismatch, match="not one event"):
        parse_error('data: {"type":"error"}\n\ndata: {}\n\n')


def test_lines_of_json_end_each() -> None:
    assert parse_lines('{"a":1}\n{"b":2}\n') == ({"a": 1}, {"b": 2})
    with pytest.raises(Mismatch, match="the last line does not end"):
        parse_lines('{"a":1}')


def test_nuls_are_shown() -> None:
    assert visible(b"{}" + b"\0" * 8 + b"body") == r"{}\0\0\0\0\0\0\0\0body"


def test_an_excerpt_says_that_there_is_more() -> None:
    assert excerpt(b"abcdef", limit=3) == "abc…"
    assert excerpt(b"abc", limit=3) == "abc"
