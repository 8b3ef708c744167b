"""Requests as a Function URL hands them to its function: payload format 2.0.

Source  docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
"""

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

type Headers = tuple[tuple[str, str], ...]

URL_ID = "local"
"""Stands for the id in `<url-id>.lambda-url.<region>.on.aws`."""

_OF_THE_CONNECTION = frozenset(
    (
        "connection",
        "expect",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    )
)
_SET_HERE = frozenset(
    ("cookie", "x-amzn-trace-id", "x-forwarded-for", "x-forwarded-port", "x-forwarded-proto")
)
_TEXT_TYPES = frozenset(("application/json", "application/javascript", "application/xml"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedRequest:
    """A request as it came over the wire.

    Shape   `path` and `query` still percent-encoded; `headers` lower-case, in order of arrival
    """

    method: str
    path: str
    query: str
    headers: Headers
    body: bytes
    source_ip: str
    port: int

    def header(self, name: str) -> str:
        return ",".join(value for key, value in self.headers if key == name)


def make_event(request: ReceivedRequest, *, request_id: str, trace_id: str, now: datetime) -> dict[str, Any]:
    """Return the event that AWS would make of `request`.

    Shape   `queryStringParameters`, `cookies` and `body` only where the request has them
    """
    domain = request.header("host").partition(":")[0] or request.source_ip
    text, is_base64 = _body(request)
    cookies = [part.strip() for part in request.header("cookie").replace(",", ";").split(";") if part.strip()]
    query = _query(request.query)
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": request.path,
        "rawQueryString": request.query,
        **({"cookies": cookies} if cookies else {}),
        "headers": _headers(request, trace_id),
        **({"queryStringParameters": query} if query else {}),
        "requestContext": {
            "accountId": "anonymous",
            "apiId": URL_ID,
            "domainName": domain,
            "domainPrefix": URL_ID,
            "http": {
                "method": request.method,
                "path": request.path,
                "protocol": "HTTP/1.1",
                "sourceIp": request.source_ip,
                "userAgent": request.header("user-agent"),
            },
            "requestId": request_id,
            "routeKey": "$default",
            "stage": "$default",
            "time": now.astimezone(UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(now.timestamp() * 1000),
        },
        **({"body": text} if text else {}),
        "isBase64Encoded": is_base64,
    }


def encode_event(event: dict[str, Any]) -> bytes:
    return json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode()


def _headers(request: ReceivedRequest, trace_id: str) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in request.headers:
        if name not in _OF_THE_CONNECTION and name not in _SET_HERE:
            joined[name] = f"{joined[name]},{value}" if name in joined else value
    if request.body:
        joined["content-length"] = str(len(request.body))
    forwarded = request.header("x-forwarded-for")
    joined["x-forwarded-for"] = f"{forwarded}, {request.source_ip}" if forwarded else request.source_ip
    joined["x-forwarded-port"] = str(request.port)
    joined["x-forwarded-proto"] = "http"
    joined["x-amzn-trace-id"] = trace_id
    return joined


def _query(raw: str) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in parse_qsl(raw, keep_blank_values=True):
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _body(request: ReceivedRequest) -> tuple[str, bool]:
    """Return the body as the event carries it and whether that is base64."""
    if not request.body:
        return "", False
    if _is_text(request.header("content-type")):
        try:
            return request.body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(request.body).decode(), True


def _is_text(content_type: str) -> bool:
    media_type = content_type.partition(";")[0].strip().lower()
    return (
        media_type.startswith("text/") or media_type in _TEXT_TYPES or media_type.endswith(("+json", "+xml"))
    )
