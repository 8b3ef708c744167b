import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.streaming.url_encoding import build_query, parse_query, percent_decoded, percent_encoded


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("abc", "abc"),
        ("%41", "A"),
        ("%2541", "%41"),
        ("%c3%A4", "ä"),
        ("ä%2F", "ä/"),
        ("+", "+"),
        ("%", "%"),
        ("100%", "100%"),
        ("%zz%4", "%zz%4"),
        ("%+f", "%+f"),
        ("%ff", "�"),
        ("%ED%A0%80", "���"),
        ("%00", "\0"),
        ("\ud800%41", "?A"),
    ],
)
def test_text_is_decoded_once(text: str, expected: str) -> None:
    assert percent_decoded(text) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("", {}),
        ("a=1&b=2", {"a": "1", "b": "2"}),
        ("a=1&a=2", {"a": "2"}),
        ("a", {"a": ""}),
        ("a=&=b", {"a": "", "": "b"}),
        ("&&a=1&", {"a": "1"}),
        ("a=b=c", {"a": "b=c"}),
        ("a=x+y%2Bz", {"a": "x y+z"}),
        ("%61=%26", {"a": "&"}),
        ("a;b=1", {"a;b": "1"}),
    ],
)
def test_a_query_is_parsed_as_browsers_write_it(raw: str, expected: dict[str, str]) -> None:
    assert parse_query(raw) == expected


@given(st.text())
def test_what_was_encoded_decodes_to_itself(text: str) -> None:
    storable = text.encode("utf-8", "replace").decode()
    assert percent_decoded(percent_encoded(text)) == storable


@given(
    st.dictionaries(st.text(st.characters(codec="utf-8"), min_size=1), st.text(st.characters(codec="utf-8")))
)
def test_what_was_built_parses_to_itself(query: dict[str, str]) -> None:
    assert parse_query(build_query(query.items())) == query
