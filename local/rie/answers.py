"""What the emulator gives back, taken apart. Pure."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from local.errors import StackError
from local.integration_response import DELIMITER, InvalidResponse, PreludeParser

type Json = dict[str, Any]

OPENING: Final = "retry: 3000"
KEEP_ALIVE: Final = ": keep-alive"
_FRAME: Final = re.compile(r"id: ([^\n]+)\ndata: ([^\n]+)")


class Mismatch(StackError):
    """An answer is not the one that its event should get; the text says in what."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A streamed HTTP answer. Shape  header names in lower case"""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return decode(self.body)


@dataclass(frozen=True, slots=True)
class NumberedEvent:
    """One event of a turn with the id that it came under."""

    id: str
    data: Json


def split_prelude(payload: bytes) -> HttpAnswer:
    """Return the answer that prelude and body are. Raises Mismatch: there is no prelude, or no valid one."""
    try:
        found = PreludeParser().feed(payload)
    except InvalidResponse as error:
        raise Mismatch(f"{error}: {excerpt(payload)}") from error
    if found is None:
        raise Mismatch(f"no prelude: {excerpt(payload)}")
    head, body = found
    return HttpAnswer(head.status, dict(head.headers), body)


def raw_text(payload: bytes) -> str:
    """Return the answer to a direct invocation. Raises Mismatch: it has a prelude's NULs, or is no UTF-8."""
    if b"\0" in payload:
        raise Mismatch(f"a prelude, which a direct invocation must not get: {excerpt(payload)}")
    return decode(payload)


def parse_turn(body: str) -> tuple[NumberedEvent, ...]:
    """Return the events of a typed SSE stream, keep-alives left out.

    Raises  Mismatch: a frame is not `id:` and one `data:` line of JSON, or the stream breaks off in one
    """
    opening, *frames = body.split("\n\n")
    if opening != OPENING:
        raise Mismatch(f"the stream opens with {opening!r}, not {OPENING!r}")
    if not frames or frames.pop():
        raise Mismatch("the stream breaks off in the middle of an event")
    return tuple(_parse_frame(frame) for frame in frames if frame != KEEP_ALIVE)


def _parse_frame(frame: str) -> NumberedEvent:
    match = _FRAME.fullmatch(frame)
    if match is None:
        raise Mismatch(f"this is no event of the typed stream: {frame!r}")
    return NumberedEvent(match[1], parse_json(match[2]))


def parse_error(body: str) -> Json:
    """Return the one `error` event that a refused request for a stream gets. Raises Mismatch."""
    match = re.fullmatch(r"data: ([^\n]+)\n\n", body)
    if match is None:
        raise Mismatch(f"the body is not one event: {body!r}")
    return parse_json(match[1])


def parse_lines(body: str) -> tuple[Json, ...]:
    """Return the objects of newline-delimited JSON. Raises Mismatch."""
    if not body.endswith("\n"):
        raise Mismatch("the last line does not end")
    return tuple(parse_json(line) for line in body.splitlines())


def parse_json(text: str) -> Json:
    """Return a JSON object. Raises Mismatch."""
    try:
        found = json.loads(text)
    except ValueError as error:
        raise Mismatch(f"this is not JSON: {text!r}") from error
    if not isinstance(found, dict):
        raise Mismatch(f"this is no JSON object: {text!r}")
    return found


def decode(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise Mismatch(f"the answer is not UTF-8: {excerpt(data)}") from error


def excerpt(payload: bytes, *, limit: int = 300) -> str:
    """Return the beginning of an answer for a person to read."""
    shown = visible(payload[:limit])
    return f"{shown!s}…" if len(payload) > limit else shown or "an empty answer"


def visible(payload: bytes) -> str:
    """Return an answer as text in which the prelude's end can be seen."""
    return payload.replace(DELIMITER, rb"\0" * len(DELIMITER)).decode(errors="replace")
