"""The deltas of a ConverseStream by the short way: two thirds of what botocore takes for one are spared.

botocore reads each frame of an event stream by the service's model. Nearly all frames of an answer are
alike, so those are read here; whatever is not plainly a delta of text goes to botocore as it came.

Source  https://smithy.io/2.0/aws/amazon-eventstream.html (frames of big-endian numbers, CRC-32 as in zlib)
"""

import json
import struct
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final
from zlib import crc32

from botocore.eventstream import (
    ChecksumMismatch,
    EventStreamBuffer,
    EventStreamHeaderParser,
    InvalidHeadersLength,
    InvalidPayloadLength,
)

PRELUDE: Final = struct.Struct(">III")
CHECKSUM: Final = struct.Struct(">I")
MOST_BYTES: Final = 24 * 1024 * 1024
# Of the headers of an answer's deltas there is one spelling; a stream that has many is not worth remembering.
MOST_SPELLINGS: Final = 8


def read(stream: Any) -> Iterator[str | Mapping[str, Any]]:
    """Yield each delta of text as its text, every other event as botocore has it, as soon as it is whole.

    Shape   `stream` is a botocore EventStream, two of whose private members are used
    Raises  what iterating over `stream` raises
    """
    known: dict[bytes, bool] = {}
    for frame in _frames(stream._raw_stream.stream()):
        body = PRELUDE.size + CHECKSUM.unpack_from(frame, CHECKSUM.size)[0]
        headers = frame[PRELUDE.size : body]
        is_delta = known.get(headers)
        if is_delta is None:
            is_delta = _is_delta(headers)
            if len(known) < MOST_SPELLINGS:
                known[headers] = is_delta
        text = _text(frame[body : -CHECKSUM.size]) if is_delta else None
        if text is not None:
            yield text
        elif event := _by_botocore(stream, frame):
            yield event


def _frames(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the frames in the bytes, however these were cut; one that is not whole at the end is left out."""
    data = b""
    for chunk in chunks:
        data += chunk
        at = 0
        while len(data) - at >= PRELUDE.size:
            size = _size(data, at)
            if len(data) - at < size:
                break
            frame = data[at : at + size]
            _check(frame[: -CHECKSUM.size], CHECKSUM.unpack_from(frame, size - CHECKSUM.size)[0])
            yield frame
            at += size
        data = data[at:]


def _size(data: bytes, at: int) -> int:
    """Return how long the frame is that begins at `at`; its prelude is all there."""
    size, headers_size, checksum = PRELUDE.unpack_from(data, at)
    _check(data[at : at + PRELUDE.size - CHECKSUM.size], checksum)
    if size < PRELUDE.size + headers_size + CHECKSUM.size:
        raise InvalidHeadersLength(headers_size)
    if size > MOST_BYTES:
        raise InvalidPayloadLength(size)
    return int(size)


def _check(data: bytes, expected: int) -> None:
    calculated = crc32(data)
    if calculated != expected:
        raise ChecksumMismatch(expected, calculated)


def _is_delta(headers: bytes) -> bool:
    named = EventStreamHeaderParser().parse(headers)
    return (named.get(":message-type"), named.get(":event-type")) == ("event", "contentBlockDelta")


def _text(payload: bytes) -> str | None:
    """Return the text of a delta that is nothing else."""
    try:
        match json.loads(payload.decode()):
            case {"delta": dict(delta)} if delta.keys() == {"text"} and isinstance(delta["text"], str):
                return str(delta["text"])
    except (ValueError, RecursionError):
        pass
    return None


def _by_botocore(stream: Any, frame: bytes) -> Mapping[str, Any]:
    buffer = EventStreamBuffer()
    buffer.add_data(frame)
    event: Mapping[str, Any] = stream._parse_event(next(buffer))
    return event
