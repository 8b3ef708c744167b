"""What a handler may answer, and the bytes that it becomes."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from libs.lambda_runtime.errors import AnswerUnsendable

PRELUDE_END = b"\0" * 8


class StreamingResponse(NamedTuple):
    """An HTTP answer whose head leaves at once, and whose body follows item by item.

    Shape   `body` may also be one str or bytes; text leaves as UTF-8; empty items are left out
    """

    # A tuple, like all values here: importing dataclasses would add 10 ms to each cold start.

    status: int = 200
    headers: Mapping[str, str] = {}
    cookies: Sequence[str] = ()
    body: Iterable[bytes | str] = ()


class Chunks:
    """The items of a body as bytes, empty ones left out.

    `close` reaches the body in any case: unstarted, in the middle, or at its end.
    """

    def __init__(self, body: Iterable[bytes | str]) -> None:
        self._body = (body,) if isinstance(body, str | bytes) else body
        self._items = iter(self._body)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        for item in self._items:
            if data := encode_item(item):
                return data
        raise StopIteration

    def close(self) -> None:
        """Close the running iteration, then the body that it came from, where that is another object."""
        for resource in (self._items,) if self._items is self._body else (self._items, self._body):
            close = getattr(resource, "close", None)
            if close is not None:
                close()


def open_chunks(answer: object) -> Chunks | None:
    """Return the answer's body, or None for an answer that is one JSON value."""
    if isinstance(answer, StreamingResponse):
        return Chunks(answer.body)
    if isinstance(answer, Iterator):
        return Chunks(answer)
    return None


def encode_prelude(response: StreamingResponse) -> bytes:
    """Return the head of the HTTP answer as Lambda reads it: JSON, then eight NULs.

    Raises  AnswerUnsendable
    """
    prelude = {
        "statusCode": response.status,
        "headers": dict(response.headers),
        "cookies": list(response.cookies),
    }
    return encode_json(prelude) + PRELUDE_END


def encode_json(value: object) -> bytes:
    """Return a JSON text in ASCII.

    Raises  AnswerUnsendable
    """
    try:
        return json.dumps(value, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise AnswerUnsendable(f"the handler's answer is not JSON: {error}") from error


def encode_item(item: bytes | str) -> bytes:
    """Return an item of a body as bytes.

    Raises  AnswerUnsendable
    """
    if isinstance(item, bytes):
        return item
    if not isinstance(item, str):
        raise AnswerUnsendable(f"a body's items must be bytes or str, not {type(item).__name__}")
    try:
        return item.encode()
    except UnicodeEncodeError as error:
        raise AnswerUnsendable(f"a body's item is not text: {error.reason}") from error
