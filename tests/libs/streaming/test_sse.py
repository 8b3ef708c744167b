import json
from typing import Any

import httpx
import pytest
from httpx_sse import EventSource
from hypothesis import given
from hypothesis import strategies as st

from libs.streaming import sse


@pytest.mark.parametrize(
    ("data", "event_id", "expected"),
    [
        ({"type": "chunk", "content": "Go."}, None, b'data: {"type":"chunk","content":"Go."}\n\n'),
        ({"a": [1, 2.5, None, True]}, "t-1.7", b'id: t-1.7\ndata: {"a":[1,2.5,null,true]}\n\n'),
        ({}, "", b"id: \ndata: {}\n\n"),
        ("a\nb\rc\r\nd", None, b'data: "a\\nb\\rc\\r\\nd"\n\n'),
        ('say "hi" \\ / \x00 \x7f', None, b'data: "say \\"hi\\" \\\\ / \\u0000 \x7f"\n\n'),
        ("Grüße 🏋️ \u00a0", None, 'data: "Grüße 🏋️ \u00a0"\n\n'.encode()),
        ("a\u2028b\u2029c\u0085d", None, rb'data: "a\u2028b\u2029c\u0085d"' + b"\n\n"),
        (": data: id: \n\n", None, b'data: ": data: id: \\n\\n"\n\n'),
    ],
)
def test_a_frame_is_these_bytes(data: Any, event_id: str | None, expected: bytes) -> None:
    assert sse.frame(data, event_id=event_id) == expected


@given(st.text())
def test_no_text_ends_a_line_for_clients_that_split_as_python_does(text: str) -> None:
    response = httpx.Response(200, content=sse.frame(text))
    (data, blank) = response.iter_lines()
    assert (json.loads(data.removeprefix("data: ")), blank) == (text, "")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_json_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="Out of range float values"):
        sse.frame({"score": value})


def test_the_reconnection_time_is_a_frame_of_its_own() -> None:
    assert sse.retry(3000) == b"retry: 3000\n\n"


def test_the_keep_alive_is_a_comment() -> None:
    assert sse.KEEP_ALIVE == b": keep-alive\n\n"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(JSON, max_size=5))
def test_a_client_reads_back_what_was_framed(values: list[Any]) -> None:
    frames = [sse.frame(value, event_id=f"t.{number}") for number, value in enumerate(values)]
    body = sse.retry(3000) + sse.KEEP_ALIVE.join(frames)
    response = httpx.Response(200, headers={"content-type": "text/event-stream"}, content=body)
    found = [event for event in EventSource(response).iter_sse() if event.data]
    assert [json.loads(event.data) for event in found] == values
    assert [event.id for event in found] == [f"t.{number}" for number in range(len(values))]
