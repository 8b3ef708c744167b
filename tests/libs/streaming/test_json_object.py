import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.streaming.errors import InvalidJson
from libs.streaming.json_object import check_value, parse_object


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"{}", {}),
        (b' {"a": [1, 2.5, null, true, "x"]}\r\n', {"a": [1, 2.5, None, True, "x"]}),
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (rb'{"a": "\ud83d\ude00 \u0000"}', {"a": "😀 \0"}),
        ('{"ä": "日本"}'.encode(), {"ä": "日本"}),
        (b'{"a":' + b"[" * 63 + b"]" * 63 + b"}", {"a": json.loads("[" * 63 + "]" * 63)}),
    ],
)
def test_an_object_is_read(data: bytes, expected: object) -> None:
    assert parse_object(data) == expected


SURROGATE = "a string holds half of a surrogate pair; send whole characters"
NOT_FINITE = "NaN and infinite numbers are not JSON; send a finite number or null"
TOO_DEEP = "the JSON is nested too deeply; use at most 64 levels"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the body is not JSON at line 1, column 1; send a JSON object"),
        (b"{'a': 1}", "the body is not JSON at line 1, column 2; send a JSON object"),
        (b'{"a": 1,\n}', "the body is not JSON at line 1, column 8; send a JSON object"),
        (b'{"a": 1} x', "the body is not JSON at line 1, column 10; send a JSON object"),
        (b'{"a": "\n"}', "the body is not JSON at line 1, column 8; send a JSON object"),
        (b"userResponse=hi", "the body is not JSON at line 1, column 1; send a JSON object"),
        (b"\xef\xbb\xbf{}", "the body is not JSON at line 1, column 1; send a JSON object"),
        (b'{"a": "\xff"}', "the body is not UTF-8 at byte 7; encode it as UTF-8"),
        ('{"a": 1}'.encode("utf-16"), "the body is not UTF-8 at byte 0; encode it as UTF-8"),
        (b"\xed\xa0\x80", "the body is not UTF-8 at byte 0; encode it as UTF-8"),
        (b"[]", "the body is an array; an object is expected"),
        (b'"{}"', "the body is a string; an object is expected"),
        (b"1", "the body is a number; an object is expected"),
        (b"true", "the body is a boolean; an object is expected"),
        (b"null", "the body is null; an object is expected"),
        (b"NaN", "the body is a number; an object is expected"),
        (b'{"a": NaN}', NOT_FINITE),
        (b'{"a": [-Infinity]}', NOT_FINITE),
        (b'{"a": 1e999}', NOT_FINITE),
        (rb'{"a": "\ud800"}', SURROGATE),
        (rb'{"a": [{"b": "x\udc00"}]}', SURROGATE),
        (rb'{"\ud800": 1}', SURROGATE),
        (rb'{"a": "\ude00\ud83d"}', SURROGATE),
        (b'{"a": ' + b"1" * 5_000 + b"}", "the body holds a number with too many digits; send it as text"),
        (b'{"a":' + b"[" * 64 + b"]" * 64 + b"}", TOO_DEEP),
        (b"[" * 500_000, TOO_DEEP),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, TOO_DEEP),
    ],
    ids=lambda value: value[:30] if isinstance(value, bytes) else "",
)
def test_what_cannot_be_stored_and_given_back_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(InvalidJson) as caught:
        parse_object(data)
    assert str(caught.value) == message


@given(
    st.binary(max_size=60) | st.text(st.sampled_from('{}[]":,\\ud80aeNI1.- '), max_size=60).map(str.encode)
)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        value = parse_object(data)
    except InvalidJson:
        return
    assert json.loads(json.dumps(value, ensure_ascii=False, allow_nan=False).encode()) == value


def test_what_is_not_json_at_all_is_refused() -> None:
    with pytest.raises(InvalidJson):
        check_value({"a": {1, 2}})
