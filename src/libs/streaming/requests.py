"""What came in, whichever way it came; the only reader of the raw keys of Lambda events."""

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

from libs.streaming.errors import (
    InvalidEvent,
    InvalidJson,
    MissingRequestBody,
    PayloadTooLarge,
    UnsupportedCoding,
    UnsupportedMediaType,
)
from libs.streaming.json_object import JsonObject, check_value, is_storable, parse_object
from libs.streaming.url_encoding import build_query, parse_query

type Source = Literal["function_url", "rest_proxy", "direct"]
type _Pairs = Iterable[tuple[str, str]]

MAX_BODY_BYTES: Final = 1_048_576
_NOT_ACCEPTABLE: Final = frozenset({"q=0", "q=0.0", "q=0.00", "q=0.000"})
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One invocation as a value; what may hold secrets or a person's words stays out of its repr.

    Shape   `path` as sent, still percent-encoded; `query` decoded, the last value of each name;
            `headers` by lower-case name, repeated ones joined, all cookies under `cookie`;
            `payload` only for `direct`, where method, path, query, headers and body are empty
    """

    source: Source
    request_id: str
    method: str = ""
    path: str = ""
    raw_query: str = field(default="", repr=False)
    query: Mapping[str, str] = field(default=_NOTHING, repr=False)
    headers: Mapping[str, str] = field(default=_NOTHING, repr=False)
    body: bytes = field(default=b"", repr=False)
    payload: Mapping[str, object] = field(default=_NOTHING, repr=False)

    @property
    def accepts_event_stream(self) -> bool:
        """Whether the client asks for an event stream by name."""
        return any(_names_event_stream(part) for part in self.headers.get("accept", "").split(","))

    def json_body(self, *, limit: int = MAX_BODY_BYTES) -> JsonObject:
        """Return the JSON object in the body.

        Units   `limit` in bytes
        Raises  MissingRequestBody, PayloadTooLarge, InvalidJson; UnsupportedMediaType: a content type
                is declared and is neither application/json nor …+json, or the body is compressed
        """
        if not self.body.strip():
            raise MissingRequestBody
        if len(self.body) > limit:
            raise PayloadTooLarge(len(self.body), limit=limit)
        media_type = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type not in ("", "application/json") and not media_type.endswith("+json"):
            raise UnsupportedMediaType(media_type)
        coding = self.headers.get("content-encoding", "").strip().lower()
        if coding not in ("", "identity"):
            raise UnsupportedCoding(coding)
        return parse_object(self.body)


def parse_event(event: object, *, request_id: str) -> Request:
    """Return the request that a Lambda event stands for.

    Shape   Function URL (payload 2.0), REST API proxy (payload 1.0), else a direct invocation
    Raises  InvalidEvent: not a JSON object, or one of these with a piece missing or of a wrong type
    """
    if not isinstance(event, dict):
        raise InvalidEvent("the event is not a JSON object; invoke with an object")
    if event.get("version") == "2.0" and "requestContext" in event:
        return _from_function_url(event, request_id)
    if "httpMethod" in event:
        return _from_rest_proxy(event, request_id)
    try:
        check_value(event)
    except InvalidJson as error:
        raise InvalidEvent(str(error)) from error
    return Request(source="direct", request_id=request_id, payload=MappingProxyType(event))


def _from_function_url(event: Mapping[str, object], request_id: str) -> Request:
    http = _object(_object(event, "requestContext"), "http")
    raw_query = _optional_text(event, "rawQueryString")
    cookies = (("cookie", value) for value in _texts(event.get("cookies") or [], "cookies"))
    return Request(
        source="function_url",
        request_id=request_id,
        method=_text(http, "method"),
        path=_text(event, "rawPath"),
        raw_query=raw_query,
        query=MappingProxyType(parse_query(raw_query)),
        headers=_joined((*_single_values(event, "headers"), *cookies)),
        body=_body(event),
    )


def _from_rest_proxy(event: Mapping[str, object], request_id: str) -> Request:
    """REST APIs leave `path` encoded, as Function URLs do, but decode the query (HTTP APIs decode both)."""
    pairs = _values(event, "multiValueQueryStringParameters", "queryStringParameters")
    return Request(
        source="rest_proxy",
        request_id=request_id,
        method=_text(event, "httpMethod"),
        path=_text(event, "path"),
        raw_query=build_query(pairs),
        query=MappingProxyType(dict(pairs)),
        headers=_joined(_values(event, "multiValueHeaders", "headers")),
        body=_body(event),
    )


def _body(event: Mapping[str, object]) -> bytes:
    text = _optional_text(event, "body")
    match event.get("isBase64Encoded"):
        case None | False:
            return text.encode("utf-8")
        case True:
            pass
        case _:
            raise _wrong("isBase64Encoded", "a boolean")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _wrong("body", "base64, as isBase64Encoded says") from error


def _names_event_stream(media_range: str) -> bool:
    """Whether a part of an Accept header asks for an event stream. Source  RFC 9110, section 12.5.1"""
    media_type, *parameters = (part.strip() for part in media_range.lower().split(";"))
    return media_type == "text/event-stream" and _NOT_ACCEPTABLE.isdisjoint(parameters)


def _joined(pairs: _Pairs) -> Mapping[str, str]:
    """Fold header lines by name. Source  RFC 9110, section 5.3; for cookies RFC 9113, section 8.2.3"""
    headers: dict[str, str] = {}
    for name, value in ((name.lower(), value) for name, value in pairs):
        separator = "; " if name == "cookie" else ", "
        headers[name] = f"{headers[name]}{separator}{value}" if name in headers else value
    return MappingProxyType(headers)


def _values(event: Mapping[str, object], multi: str, single: str) -> tuple[tuple[str, str], ...]:
    """Return the pairs of the multi-value map, or of the single-value map where that one is absent."""
    if event.get(multi) is None:
        return tuple(_single_values(event, single))
    lists = _object(event, multi).items()
    return tuple((_checked(name, multi), value) for name, found in lists for value in _texts(found, multi))


def _single_values(event: Mapping[str, object], key: str) -> _Pairs:
    fields = {} if event.get(key) is None else _object(event, key)
    return [(_checked(name, key), _checked(value, key)) for name, value in fields.items()]


def _object(fields: Mapping[str, object], key: str) -> Mapping[str, object]:
    value = fields.get(key)
    if not isinstance(value, dict):
        raise _wrong(key, "an object")
    return value


def _text(fields: Mapping[str, object], key: str) -> str:
    return _checked(fields.get(key), key)


def _optional_text(fields: Mapping[str, object], key: str) -> str:
    value = fields.get(key)
    return "" if value is None else _checked(value, key)


def _texts(values: object, key: str) -> list[str]:
    if not isinstance(values, list):
        raise _wrong(key, "an array of strings")
    return [_checked(value, key) for value in values]


def _checked(value: object, key: str) -> str:
    if not isinstance(value, str) or not is_storable(value):
        raise _wrong(key, "text")
    return value


def _wrong(key: str, expected: str) -> InvalidEvent:
    return InvalidEvent(f"{key!r} of the event is not {expected}; send what the service itself would send")
