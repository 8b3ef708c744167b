"""Frames as bytes, and as botocore reads them."""

from typing import Any

import pytest
from botocore.eventstream import EventStreamBuffer

from local.bedrock_emulator import eventstream

STOP_FRAME = (
    b"\x00\x00\x00\x7a\x00\x00\x00\x51\xca\x2c\x46\x65"
    b"\x0b:event-type\x07\x00\x0bmessageStop"
    b"\x0d:content-type\x07\x00\x10application/json"
    b"\x0d:message-type\x07\x00\x05event"
    b'{"stopReason":"end_turn"}'
    b"\x5f\xbf\x09\xfc"
)

FRAMES = [
    (
        eventstream.encode_event("messageStart", {"role": "assistant"}),
        {":event-type": "messageStart", ":content-type": "application/json", ":message-type": "event"},
        '{"role":"assistant"}',
    ),
    (
        eventstream.encode_text_delta('Grüße "💪"\n'),
        {":event-type": "contentBlockDelta", ":content-type": "application/json", ":message-type": "event"},
        '{"contentBlockIndex":0,"delta":{"text":"Grüße \\"💪\\"\\n"}}',
    ),
    (
        eventstream.encode_tool_delta('{"a": '),
        {":event-type": "contentBlockDelta", ":content-type": "application/json", ":message-type": "event"},
        '{"contentBlockIndex":0,"delta":{"toolUse":{"input":"{\\"a\\": "}}}',
    ),
    (
        eventstream.encode_exception("throttlingException", "slow down"),
        {
            ":exception-type": "throttlingException",
            ":content-type": "application/json",
            ":message-type": "exception",
        },
        '{"message":"slow down"}',
    ),
]


def test_a_frame_is_these_bytes() -> None:
    assert eventstream.encode_event("messageStop", {"stopReason": "end_turn"}) == STOP_FRAME


@pytest.mark.parametrize(("frame", "headers", "payload"), FRAMES)
def test_botocore_reads_a_frame_and_its_checksums(
    frame: bytes, headers: dict[str, str], payload: str
) -> None:
    buffer = EventStreamBuffer()
    buffer.add_data(frame)
    message: Any = next(buffer)  # the stubs take its headers for a number
    assert message.headers == headers
    assert message.payload.decode() == payload


def test_frames_read_byte_by_byte_are_the_same_frames() -> None:
    buffer = EventStreamBuffer()
    payloads = []
    for byte in b"".join(frame for frame, _, _ in FRAMES):
        buffer.add_data(bytes((byte,)))
        payloads += [message.payload.decode() for message in buffer]
    assert payloads == [payload for _, _, payload in FRAMES]
