"""A function's response as HTTP: the prelude of a streamed one, the JSON document of a buffered one."""

import base64
import binascii
import json
import re
from dataclasses import dataclass
from typing import Any

type Headers = tuple[tuple[str, str], ...]

CONTENT_TYPE = "application/vnd.awslambda.http-integration-response"
DELIMITER = b"\0" * 8
MAX_PRELUDE_BYTES = 65_536

_REMAPPED = frozenset(("connection", "content-length", "date", "server"))
_OF_THE_CONNECTION = frozenset(
    ("keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade")
)
_OF_THE_HOST = frozenset(("x-amzn-requestid", "x-amzn-trace-id"))
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")


class InvalidResponse(Exception):
    """The function's response cannot become an HTTP response; the message says why."""


@dataclass(frozen=True, slots=True)
class ResponseHead:
    """Status and headers for the client, without those that belong to the connection.

    Shape   names lower-case; one `set-cookie` for each cookie
    """

    status: int
    headers: Headers


class PreludeParser:
    """Finds the end of the prelude in whatever pieces it arrives."""

    def __init__(self) -> None:
        self._received = bytearray()

    def feed(self, data: bytes) -> tuple[ResponseHead, bytes] | None:
        """Return the head and the first bytes of the body once the prelude is whole, None before.

        Raises  InvalidResponse: no delimiter within MAX_PRELUDE_BYTES, or no such head
        """
        searched = max(0, len(self._received) - len(DELIMITER) + 1)
        self._received += data
        end = self._received.find(DELIMITER, searched)
        if end < 0:
            if len(self._received) > MAX_PRELUDE_BYTES:
                raise InvalidResponse(f"no prelude ends within {MAX_PRELUDE_BYTES} bytes of the response")
            return None
        document = _loads(bytes(self._received[:end]), "the prelude")
        return parse_head(document), bytes(self._received[end + len(DELIMITER) :])


def parse_head(document: Any) -> ResponseHead:
    """Return the head that a prelude or a response document names. Raises InvalidResponse."""
    if not isinstance(document, dict):
        raise InvalidResponse(f"expected a JSON object with statusCode, got {type(document).__name__}")
    status = document.get("statusCode", 200)
    if not _is_status(status):
        raise InvalidResponse(f"statusCode {status!r} is not a status between 200 and 599")
    headers, cookies = document.get("headers") or {}, document.get("cookies") or []
    if not isinstance(headers, dict) or not isinstance(cookies, list):
        raise InvalidResponse("headers must be an object and cookies a list")
    lines = [line for name, value in headers.items() if (line := _header(name, value)) is not None]
    lines += [_checked("set-cookie", cookie) for cookie in cookies]
    return ResponseHead(int(status), tuple(lines))


def parse_buffered(payload: bytes) -> tuple[ResponseHead, bytes]:
    """Return the response that a Function URL makes of a handler's whole answer.

    An object with `statusCode` is a response; any other JSON is the body of a 200.
    Raises  InvalidResponse
    """
    document = _loads(payload, "the response")
    if not isinstance(document, dict) or "statusCode" not in document:
        return ResponseHead(200, (("content-type", "application/json"),)), payload
    head = parse_head(document)
    if not any(name == "content-type" for name, _ in head.headers):
        head = ResponseHead(head.status, (*head.headers, ("content-type", "application/json")))
    return head, _body(document.get("body"), is_base64=bool(document.get("isBase64Encoded")))


def _body(body: Any, *, is_base64: bool) -> bytes:
    if body is None:
        return b""
    text = body if isinstance(body, str) else json.dumps(body)
    if not is_base64:
        return text.encode()
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise InvalidResponse("isBase64Encoded is true, but the body is not base64") from error


def _is_status(value: Any) -> bool:
    if isinstance(value, str):
        return value.isdecimal() and 200 <= int(value) <= 599
    return isinstance(value, int) and not isinstance(value, bool) and 200 <= value <= 599


def _header(name: str, value: Any) -> tuple[str, str] | None:
    """Return the header line that the client gets, None where the connection or the host owns that header."""
    lower = name.lower()
    if lower in _OF_THE_CONNECTION or lower in _OF_THE_HOST:
        return None
    # as on AWS: headers that would contradict the connection arrive under another name
    return _checked(f"x-amzn-remapped-{lower}" if lower in _REMAPPED else lower, value)


def _checked(name: str, value: Any) -> tuple[str, str]:
    if isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, str | int | float):
        text = str(value).strip(" \t")
    else:
        raise InvalidResponse(f"the value of header {name!r} is {type(value).__name__}, not a string")
    if not _NAME.fullmatch(name) or not _VALUE.fullmatch(text):
        raise InvalidResponse(f"header {name!r} has a name or value that HTTP does not allow")
    return name, text


def _loads(data: bytes, what: str) -> Any:
    try:
        return json.loads(data)
    except ValueError as error:
        raise InvalidResponse(f"{what} is not JSON") from error
