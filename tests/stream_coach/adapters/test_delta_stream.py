"""Deltas by the short way against botocore's own reading of the same bytes, however these were cut."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final
from zlib import crc32

import pytest
from botocore.eventstream import EventStream
from botocore.parsers import create_parser
from hypothesis import given
from hypothesis import strategies as st

from local.bedrock_emulator.eventstream import encode_event, encode_exception, encode_frame, encode_text_delta
from stream_coach.adapters import delta_stream
from stream_coach.adapters.aws_session import make_session

MODEL: Final = make_session().get_service_model("bedrock-runtime").operation_model("ConverseStream")
DELTA: Final = encode_text_delta("Brace ")
HEADERS: Final = DELTA[12 : 12 + int.from_bytes(DELTA[4:8])]
WHOLE: Final = (
    encode_event("messageStart", {"role": "assistant"}),
    DELTA,
    encode_text_delta("before you \N{WEIGHT LIFTER}"),
    encode_text_delta(""),
    encode_event("contentBlockStop", {"contentBlockIndex": 0}),
    encode_event("messageStop", {"stopReason": "end_turn"}),
    encode_event("metadata", {"usage": {"inputTokens": 1, "outputTokens": 2}, "metrics": {"latencyMs": 3}}),
)


class Raw:
    """The bytes of a response, piece by piece."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces

    def stream(self) -> Iterator[bytes]:
        yield from self._pieces

    def close(self) -> None:
        pass


def stream_of(pieces: Iterable[bytes]) -> Any:
    parser: Any = create_parser("rest-json")
    shape: Any = MODEL.get_event_stream_output()
    return EventStream(Raw(pieces), shape, parser._event_stream_parser, "ConverseStream")


def shown(events: Iterable[Any]) -> list[Any]:
    """Return events in one spelling, and at the end the error that reading them ended with."""
    found: list[Any] = []
    try:
        for event in events:
            match event:
                case {"contentBlockDelta": {"delta": {"text": str(text)}}} if (
                    len(event["contentBlockDelta"]["delta"]) == 1
                ):
                    found.append(text)
                case _:
                    found.append(event)
    except Exception as error:  # noqa: BLE001 - which one is what is compared
        found.append((type(error), str(error)))
    return found


def same(pieces: Iterable[bytes]) -> list[Any]:
    pieces = list(pieces)
    ours = shown(delta_stream.read(stream_of(pieces)))
    assert ours == shown(stream_of(pieces))
    return ours


def test_text_comes_as_text_and_all_else_as_botocore_has_it() -> None:
    found = same(WHOLE)
    assert found[1:4] == ["Brace ", "before you \N{WEIGHT LIFTER}", ""]
    assert found[5] == {"messageStop": {"stopReason": "end_turn"}}


@pytest.mark.parametrize("size", [1, 2, 3, 7, 11, 12, 13, 100, 1000])
def test_it_does_not_matter_how_the_bytes_are_cut(size: int) -> None:
    data = b"".join(WHOLE)
    assert same(data[at : at + size] for at in range(0, len(data), size)) == same(WHOLE)


def test_a_delta_is_given_when_its_last_byte_is_there() -> None:
    def pieces() -> Iterator[bytes]:
        yield DELTA[:-1]
        yield DELTA[-1:]
        raise AssertionError("read on before the delta was given")

    assert next(delta_stream.read(stream_of(pieces()))) == "Brace "


def test_a_frame_that_is_not_whole_at_the_end_is_left_out() -> None:
    data = b"".join(WHOLE)
    for end in range(len(data)):
        same([data[:end]])


@pytest.mark.parametrize("name", ["throttlingException", "modelStreamErrorException", "unknownException"])
def test_an_exception_in_the_stream_is_botocores(name: str) -> None:
    *_, (kind, _) = same([DELTA, encode_exception(name, "no more"), DELTA])
    assert kind.__name__ == "EventStreamError"


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"{broken",
        b'{"delta":{"text":7}}',
        b'{"delta":{"text":null}}',
        b'{"delta":"text"}',
        b'{"delta":{}}',
        b'{"delta":{"toolUse":{"input":"{}"}}}',
        b'{"delta":{"reasoningContent":{"text":"hm"}}}',
        b'{"delta":{"text":"a","toolUse":{"input":"b"}}}',
        b'{"delta":{"text":"\\ud83c"},"contentBlockIndex":1,"p":"abc"}',
        b'{"delta":{"text":"\xff"}}',
        b"\xef\xbb\xbf{}",
        '{"delta":{"text":"a"}}'.encode("utf-16"),
    ],
)
def test_what_is_not_plainly_a_text_is_read_as_botocore_does(payload: bytes) -> None:
    same([encode_frame(HEADERS, payload), DELTA])


def test_other_headers_around_the_same_are_read_by_their_meaning() -> None:
    text = json.dumps({"delta": {"text": "a"}}).encode()
    more = b"\x01a\x07\x00\x01b"
    assert same([encode_frame(HEADERS + more, text)]) == ["a"]
    same([encode_frame(HEADERS.replace(b"\x05event", b"\x05other"), text)])
    same([encode_frame(HEADERS.replace(b"Delta", b"Stops"), text)])


@given(position=st.integers(0, len(DELTA) - 1), bit=st.integers(0, 7))
def test_one_wrong_bit_is_never_a_text(position: int, bit: int) -> None:
    damaged = bytearray(DELTA)
    damaged[position] ^= 1 << bit
    assert "Brace " not in same([encode_text_delta("first"), bytes(damaged), DELTA])[1:2]


def test_a_frame_of_impossible_size_is_an_error() -> None:
    for lengths in ((15, 0), (20, 10), (2**31, 10), (2**31, 2**30)):
        prelude = encode_frame_prelude(*lengths)
        ((kind, _),) = shown(delta_stream.read(stream_of([prelude + bytes(64)])))
        assert kind.__name__ in ("InvalidHeadersLength", "InvalidPayloadLength")


def encode_frame_prelude(size: int, headers: int) -> bytes:
    lengths = size.to_bytes(4) + headers.to_bytes(4)
    return lengths + crc32(lengths).to_bytes(4)
