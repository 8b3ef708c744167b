"""The Lambda Runtime API as one runtime process sees it.

Source  docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html and runtimes-custom.html (streaming)
"""

import asyncio
import base64
import binascii
import time
from collections.abc import Callable

from local.function_config import FunctionConfig
from local.http_server import BodyTooLarge, ClientGone, Exchange, port_of, serve
from local.invocations import Failure, Invocation, InvocationQueue, Poll

MAX_BUFFERED_BYTES = 6 * 1024 * 1024
MAX_ERROR_BYTES = 1024 * 1024
INIT_ERROR_GRACE_S = 1.0
"""How long a process that reported an init error may take to write its log and leave."""

_PREFIX = ("2018-06-01", "runtime")
_MODE = "lambda-runtime-function-response-mode"
_ERROR_TYPE = "lambda-runtime-function-error-type"
_ERROR_BODY = "lambda-runtime-function-error-body"
_ACCEPTED = {"status": "OK"}


class RuntimeApi:
    """Hands invocations to one process and takes its responses.

    `polled` is set by the first poll; `init_failure` by `/init/error`; `spent` once the process must be
    replaced: an invocation reached its deadline and the others it had have ended, or its start failed.
    """

    def __init__(self, function: FunctionConfig, queue: InvocationQueue) -> None:
        self._function, self._queue = function, queue
        self._arn = f"arn:aws:lambda:us-east-1:000000000000:function:{function.name}"
        self._server: asyncio.Server | None = None
        self._running: dict[str, Invocation] = {}
        self._posting: set[str] = set()
        self._expired: set[str] = set()
        self._retired = False
        self.is_process_alive: Callable[[], bool] = lambda: True
        self.load = 0
        self.served = 0
        self.polled = asyncio.Event()
        self.spent = asyncio.Event()
        self.init_failure: Failure | None = None

    @property
    def alive(self) -> bool:
        """Whether the process may get an invocation."""
        return not self._retired and self.is_process_alive()

    async def start(self) -> int:
        """Listen on a port of its own and return it."""
        self._server = await serve(self._handle)
        return port_of(self._server)

    def fail_unanswered(self, cause: str) -> None:
        """The process has ended: fail what it had not begun to answer.

        A response that is under way ends by itself: with its last bytes, or with a connection that broke.
        """
        for invocation in [one for one in self._running.values() if one.id not in self._posting]:
            message = f"RequestId: {invocation.id} Error: Runtime exited with error: {cause}"
            invocation.fail(Failure.of("Runtime.ExitError", message))

    def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()

    async def _handle(self, exchange: Exchange) -> None:
        match (exchange.method, exchange.segments):
            case ("GET", (*prefix, "invocation", "next")) if tuple(prefix) == _PREFIX:
                await self._next(exchange)
            case ("POST", (*prefix, "invocation", request_id, "response")) if tuple(prefix) == _PREFIX:
                await self._response(exchange, request_id)
            case ("POST", (*prefix, "invocation", request_id, "error")) if tuple(prefix) == _PREFIX:
                await self._error(exchange, request_id)
            case ("POST", (*prefix, "init", "error")) if tuple(prefix) == _PREFIX:
                await self._init_error(exchange)
            case _:
                await _refuse(exchange, 404, "UnknownPath", f"{exchange.method} {exchange.path}")

    async def _next(self, exchange: Exchange) -> None:
        await exchange.body(limit=0)
        self.polled.set()
        poll = self._queue.poll(self)
        delivered = False
        try:
            delivered = await _first(poll.taken, exchange.gone) and await self._deliver(exchange, poll)
        finally:
            if not delivered:
                self._queue.withdraw(poll)
                self._check_spent()

    async def _deliver(self, exchange: Exchange, poll: Poll) -> bool:
        """Answer a poll with what it took; False when the process is not there to get it."""
        if not self.alive or exchange.gone.is_set():
            return False
        invocation, timeout_s = poll.taken.result(), self._function.timeout_s
        headers = (
            ("content-type", "application/json"),
            ("lambda-runtime-aws-request-id", invocation.id),
            ("lambda-runtime-deadline-ms", str(int((time.time() + timeout_s) * 1000))),
            ("lambda-runtime-invoked-function-arn", self._arn),
            ("lambda-runtime-trace-id", invocation.trace_id),
        )
        self._running[invocation.id] = invocation
        invocation.after(timeout_s, self._timed_out)
        try:
            await exchange.reply(200, invocation.event, headers)
        except ClientGone:
            del self._running[invocation.id]
            return False
        self.served += 1
        invocation.ended.add_done_callback(lambda _: self._ended(invocation))
        return True

    async def _response(self, exchange: Exchange, request_id: str) -> None:
        invocation = await self._known(exchange, request_id)
        if invocation is None:
            return
        self._posting.add(request_id)
        content_type = exchange.header("content-type", "application/octet-stream")
        try:
            if exchange.header(_MODE).lower() == "streaming":
                await self._stream(exchange, invocation, content_type)
            else:
                await invocation.whole(content_type, await exchange.body(limit=MAX_BUFFERED_BYTES))
                await invocation.finish()
        except ClientGone:
            invocation.fail(Failure.of("Runtime.TruncatedResponse", "The runtime broke its response off"))
            raise
        except BodyTooLarge:
            message = (
                f"Response payload size exceeded maximum allowed payload size ({MAX_BUFFERED_BYTES} bytes)."
            )
            invocation.fail(Failure.of("Function.ResponseSizeTooLarge", message))
            await _refuse(exchange, 413, "RequestEntityTooLarge", message)
            return
        finally:
            self._posting.discard(request_id)
        await exchange.reply_json(202, _ACCEPTED)

    async def _stream(self, exchange: Exchange, invocation: Invocation, content_type: str) -> None:
        await invocation.begin(content_type)
        async for data in exchange.chunks():
            await invocation.write(data)
        trailers = dict(exchange.trailers)
        if _ERROR_TYPE in trailers:
            invocation.fail(_trailing_failure(trailers))
        else:
            await invocation.finish()

    async def _error(self, exchange: Exchange, request_id: str) -> None:
        invocation = await self._known(exchange, request_id)
        if invocation is not None:
            invocation.fail(await _failure(exchange))
            await exchange.reply_json(202, _ACCEPTED)

    async def _init_error(self, exchange: Exchange) -> None:
        self.init_failure = await _failure(exchange)
        asyncio.get_running_loop().call_later(INIT_ERROR_GRACE_S, self.spent.set)
        await exchange.reply_json(202, _ACCEPTED)

    async def _known(self, exchange: Exchange, request_id: str) -> Invocation | None:
        """Return the invocation that a runtime answers; without one, read the answer and drop it."""
        invocation = self._running.get(request_id)
        if invocation is not None and request_id not in self._posting:
            return invocation
        async for _ in exchange.chunks():
            pass
        if request_id in self._expired:
            await exchange.reply_json(202, _ACCEPTED)
        else:
            await _refuse(exchange, 400, "InvalidRequestID", f"no invocation {request_id!r} waits for this")
        return None

    def _timed_out(self, invocation: Invocation) -> None:
        message = f"Task timed out after {self._function.timeout_s:.2f} seconds"
        self._expired.add(invocation.id)
        self._retired = True
        invocation.fail(Failure.of("Sandbox.Timedout", f"RequestId: {invocation.id} Error: {message}"))

    def _ended(self, invocation: Invocation) -> None:
        del self._running[invocation.id]
        self.load -= 1
        self._check_spent()

    def _check_spent(self) -> None:
        if self._retired and self.load == 0:
            self.spent.set()


async def _first(taken: asyncio.Future[Invocation], gone: asyncio.Event) -> bool:
    """Wait for an invocation or for the poller to leave; True when there is an invocation."""
    leaving = asyncio.ensure_future(gone.wait())
    try:
        await asyncio.wait((taken, leaving), return_when=asyncio.FIRST_COMPLETED)
    finally:
        leaving.cancel()
    return taken.done()


async def _failure(exchange: Exchange) -> Failure:
    """Return the failure that an error request reports; its header names the type."""
    document = await exchange.body(limit=MAX_ERROR_BYTES)
    return Failure(exchange.header(_ERROR_TYPE, "Runtime.UnknownReason"), document)


def _trailing_failure(trailers: dict[str, str]) -> Failure:
    try:
        document = base64.b64decode(trailers.get(_ERROR_BODY, ""), validate=True)
    except binascii.Error:
        document = b""
    return Failure(trailers[_ERROR_TYPE], document)


async def _refuse(exchange: Exchange, status: int, error_type: str, message: str) -> None:
    await exchange.reply_json(status, {"errorType": error_type, "errorMessage": message})
