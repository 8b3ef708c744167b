"""The caller's side of an invocation: over the Function URL, or directly with the raw bytes."""

import json
from collections.abc import Callable
from email.utils import formatdate

from local import cors
from local.http_server import ClientGone, Exchange
from local.integration_response import (
    CONTENT_TYPE,
    InvalidResponse,
    PreludeParser,
    ResponseHead,
    parse_buffered,
)
from local.invocations import THROTTLED, Failure

type Headers = tuple[tuple[str, str], ...]

RETRY_AFTER_S = 1


class UrlReply:
    """Turns what the function posts into an HTTP response, status and headers as soon as they are known."""

    def __init__(
        self,
        exchange: Exchange,
        *,
        host_headers: Headers,
        cors_headers: Headers,
        report: Callable[[str], None],
    ) -> None:
        self._exchange, self._host_headers, self._cors_headers = exchange, host_headers, cors_headers
        self._report = report
        self._prelude: PreludeParser | None = None
        self._head = ResponseHead(200, ())

    async def begin(self, content_type: str) -> None:
        if _is_integration(content_type):
            self._prelude = PreludeParser()
        else:
            self._head = ResponseHead(200, (("content-type", content_type),))

    async def write(self, data: bytes) -> None:
        if self._prelude is not None:
            found = self._prelude.feed(data)
            if found is None:
                return
            self._prelude = None
            self._head, data = found
        await self._start()
        await self._exchange.write(data)

    async def finish(self) -> None:
        if self._prelude is not None:
            raise InvalidResponse("the response ended before its prelude did")
        await self._start()
        await self._exchange.end()

    async def whole(self, content_type: str, payload: bytes) -> None:
        if _is_integration(content_type):
            await self.begin(content_type)
            await self.write(payload)
            return
        self._head, body = parse_buffered(payload)
        await self._start(body_length=len(body))
        await self._exchange.write(body)

    async def fail(self, failure: Failure) -> None:
        """Answer 502, or 429 where no process became free; the cause stays on this side, as on AWS."""
        if self._exchange.started:
            self._exchange.abort()
        elif failure.error_type == THROTTLED:
            await self._refuse(429, "Rate Exceeded.", (*_THROTTLED_HEADERS, *self._cors_headers))
        else:
            await self._refuse(502, "Internal Server Error", self._cors_headers)

    async def _refuse(self, status: int, message: str, headers: Headers) -> None:
        try:
            await self._exchange.reply_json(status, {"Message": message}, (*self._host_headers, *headers))
        except ClientGone:
            return

    async def _start(self, *, body_length: int | None = None) -> None:
        if self._exchange.started:
            return
        head = self._head
        for name in cors.doubled(head.headers, self._cors_headers):
            self._report(f"AWS would send {name} twice, from the function and from the URL's Cors: drop one")
        ours = {name for name, _ in self._cors_headers if name != "vary"}
        headers = [line for line in head.headers if line[0] not in ours]
        if head.status not in (204, 304):
            if not any(name == "content-type" for name, _ in headers):
                headers.append(("content-type", "application/octet-stream"))
            if body_length is not None:
                headers.append(("content-length", str(body_length)))
        await self._exchange.start(head.status, (*headers, *self._host_headers, *self._cors_headers))


def _is_integration(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == CONTENT_TYPE


class DirectReply:
    """Answers a direct invocation with the bytes that the runtime posts, prelude included."""

    def __init__(self, exchange: Exchange, *, host_headers: Headers) -> None:
        self._exchange, self._host_headers = exchange, host_headers
        self._content_type = "application/octet-stream"

    async def begin(self, content_type: str) -> None:
        self._content_type = content_type

    async def write(self, data: bytes) -> None:
        if not self._exchange.started:
            await self._start(())
        await self._exchange.write(data)

    async def finish(self) -> None:
        if not self._exchange.started:
            await self._start(())
        await self._exchange.end()

    async def whole(self, content_type: str, payload: bytes) -> None:
        self._content_type = content_type
        await self._start((("content-length", str(len(payload))),))
        await self._exchange.write(payload)

    async def fail(self, failure: Failure) -> None:
        """Answer as `Invoke` does: 200, the error as payload, and a header that says it is one."""
        if self._exchange.started:
            self._exchange.abort()
            return
        try:
            if failure.error_type == THROTTLED:
                await self._exchange.reply_json(
                    429, _THROTTLED_BODY, (*self._host_headers, *_THROTTLED_HEADERS)
                )
            else:
                headers = (("content-type", "application/json"), ("x-amz-function-error", "Unhandled"))
                await self._exchange.reply(200, failure.document, (*self._host_headers, *headers))
        except ClientGone:
            return

    async def _start(self, headers: Headers) -> None:
        own = (("content-type", self._content_type), ("x-amz-executed-version", "$LATEST"))
        await self._exchange.start(200, (*own, *self._host_headers, *headers))


class CollectedReply:
    """Keeps the answer to an event that no caller sent; a failure is the invocation's own result."""

    def __init__(self) -> None:
        self.payload = b""

    async def begin(self, content_type: str) -> None: ...

    async def write(self, data: bytes) -> None:
        self.payload += data

    async def finish(self) -> None: ...

    async def whole(self, content_type: str, payload: bytes) -> None:  # noqa: ARG002 - always JSON
        self.payload = payload

    async def fail(self, failure: Failure) -> None: ...


_THROTTLED_HEADERS = (("x-amzn-errortype", THROTTLED), ("retry-after", str(RETRY_AFTER_S)))
_THROTTLED_BODY = {
    "Reason": "ReservedFunctionConcurrentInvocationLimitExceeded",
    "Type": "User",
    "message": "Rate Exceeded.",
}


def host_headers(request_id: str, trace_id: str) -> Headers:
    """Return what AWS adds to every answer."""
    return (
        ("date", formatdate(usegmt=True)),
        ("x-amzn-requestid", request_id),
        ("x-amzn-trace-id", trace_id),
    )


def invoke_error(error_type: str, message: str) -> tuple[bytes, Headers]:
    """Return body and headers of a direct invocation that AWS refuses."""
    body = json.dumps({"Type": "User", "message": message}).encode()
    return body, (("content-type", "application/json"), ("x-amzn-errortype", error_type))
