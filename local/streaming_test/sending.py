"""Sends the sample events to a target, one at a time, and notes when what came."""

import base64
import json
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

import httpx

from local.errors import PartFailed
from local.rie.answers import Mismatch, parse_json
from local.rie.checks import CHECKS, CREATE
from local.rie.smoke import fresh_event
from local.signing_key import SigningKey
from local.streaming_test.records import Record, Target
from local.words import DIRECT_PATH

SILENCE_S: Final = 30.0
# These are the host's own: the connection makes its own.
_OF_THE_HOST: Final = frozenset({"host", "content-length", "user-agent", "x-amzn-trace-id"})


def send_events(target: Target, address: str, key: SigningKey) -> Iterator[Record]:
    """Yield the answer to each file of events/, in the order of their checks.

    Raises  PartFailed: no conversation could be begun, without which the others mean nothing
    """
    conversation: str | None = None
    with httpx.Client(trust_env=False, timeout=SILENCE_S) as http:
        for name in CHECKS:
            event = fresh_event(name, key, conversation)
            record = _send_request(http, address, name, json.loads(event), target=target, event=event)
            yield record
            if name == CREATE:
                conversation = _conversation_of(record)


def _send_request(
    http: httpx.Client, address: str, name: str, document: Mapping[str, Any], *, target: Target, event: str
) -> Record:
    if target == "emulator":
        request = http.build_request("POST", address, content=event)
    elif "requestContext" in document:
        request = _as_http(http, address, document)
    else:
        request = http.build_request("POST", address + DIRECT_PATH, content=event)
    # The emulator gives back what the function wrote, prelude included, whatever was asked.
    raw = target == "emulator" or "requestContext" not in document
    return _read(http, request, name=name, target=target, raw=raw)


def _as_http(http: httpx.Client, address: str, document: Mapping[str, Any]) -> httpx.Request:
    """Return the request that AWS would make this event from."""
    body = document.get("body") or ""
    content = base64.b64decode(body) if document.get("isBase64Encoded") else body.encode()
    query = f"?{document['rawQueryString']}" if document.get("rawQueryString") else ""
    headers = {
        name: value
        for name, value in document["headers"].items()
        if name not in _OF_THE_HOST and not name.startswith(("x-amzn-", "x-forwarded-"))
    }
    method = document["requestContext"]["http"]["method"]
    url = f"{address}{document['rawPath']}{query}"
    return http.build_request(method, url, headers=headers, content=content or None)


def _read(http: httpx.Client, request: httpx.Request, *, name: str, target: Target, raw: bool) -> Record:
    begun_s, status, headers, trouble = time.perf_counter(), 0, {}, ""
    pieces: list[bytes] = []
    at_ms: list[float] = []
    try:
        response = http.send(request, stream=True)
        status, headers = response.status_code, {k.lower(): v for k, v in response.headers.items()}
        try:
            for piece in response.iter_bytes():
                pieces.append(piece)
                at_ms.append((time.perf_counter() - begun_s) * 1000)
        finally:
            response.close()
    except httpx.TransportError as error:
        trouble = str(error) or type(error).__name__
    return Record(name, target, raw, status, headers, tuple(pieces), tuple(at_ms), trouble)


def _conversation_of(record: Record) -> str:
    try:
        body = record.payload.rpartition(b"\0")[2].decode(errors="replace")
        return str(parse_json(body)["conversationId"])
    except (Mismatch, KeyError) as error:
        why = record.trouble or f"{record.status} {record.body[:200]!r}"
        raise PartFailed(f"{record.target}: no conversation could be begun ({why})") from error
