"""AWS event stream frames: bytes for events and for exceptions.

Source  https://docs.aws.amazon.com/transcribe/latest/dg/event-stream.html (the encoding is AWS-wide):
        total length, headers length, CRC-32 of these 8 bytes, headers, payload, CRC-32 of all before.
"""

import json
import struct
from collections.abc import Mapping
from functools import cache
from typing import Any, Final
from zlib import crc32

CONTENT_TYPE: Final = "application/vnd.amazon.eventstream"
_LENGTHS: Final = struct.Struct(">II")
_CRC: Final = struct.Struct(">I")
_FRAMING: Final = 16
_STRING_TYPE: Final = 7
_encode_json: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def encode_frame(headers: bytes, payload: bytes) -> bytes:
    """Return one frame around encoded headers and a payload."""
    lengths = _LENGTHS.pack(_FRAMING + len(headers) + len(payload), len(headers))
    prelude_crc = crc32(lengths)
    prelude = lengths + _CRC.pack(prelude_crc)
    message_crc = crc32(payload, crc32(headers, crc32(prelude)))
    return b"".join((prelude, headers, payload, _CRC.pack(message_crc)))


def encode_event(event_type: str, payload: Mapping[str, Any]) -> bytes:
    """Return the frame of one modelled event, e.g. `messageStop`."""
    return encode_frame(_event_headers(event_type), _encode_json(payload).encode())


def encode_exception(exception_type: str, message: str) -> bytes:
    """Return the frame that ends a stream with a modelled exception, e.g. `throttlingException`."""
    return encode_frame(_exception_headers(exception_type), _encode_json({"message": message}).encode())


def encode_text_delta(text: str) -> bytes:
    """Return the contentBlockDelta frame of a piece of text; the hot path."""
    payload = '{"contentBlockIndex":0,"delta":{"text":' + _encode_json(text) + "}}"
    return encode_frame(_DELTA_HEADERS, payload.encode())


def encode_tool_delta(partial_json: str) -> bytes:
    """Return the contentBlockDelta frame of a piece of a tool's input, which is JSON in a string."""
    payload = '{"contentBlockIndex":0,"delta":{"toolUse":{"input":' + _encode_json(partial_json) + "}}}"
    return encode_frame(_DELTA_HEADERS, payload.encode())


def _encode_headers(headers: Mapping[str, str]) -> bytes:
    return b"".join(
        bytes((len(name),)) + name.encode() + struct.pack(">BH", _STRING_TYPE, len(value)) + value.encode()
        for name, value in headers.items()
    )


@cache
def _event_headers(event_type: str) -> bytes:
    return _encode_headers(
        {":event-type": event_type, ":content-type": "application/json", ":message-type": "event"}
    )


@cache
def _exception_headers(exception_type: str) -> bytes:
    return _encode_headers(
        {":exception-type": exception_type, ":content-type": "application/json", ":message-type": "exception"}
    )


_DELTA_HEADERS: Final = _event_headers("contentBlockDelta")
