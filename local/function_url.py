"""The local Function URL: what a Lambda Function URL with InvokeMode RESPONSE_STREAM is on AWS.

It starts runtime processes from the function's own `bootstrap`, hands them requests as payload format 2.0
events over the Runtime API, and passes their responses on as they are written.
"""

import asyncio
import json
import sys
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from local import cors
from local.function_config import Cors, FunctionConfig
from local.function_processes import FunctionNotReady, FunctionProcesses, print_report, root_trace_id
from local.function_url_event import ReceivedRequest, encode_event, make_event
from local.http_server import BodyTooLarge, Exchange, close, port_of, serve
from local.replies import DirectReply, UrlReply, host_headers, invoke_error
from local.website import Website

__all__ = ["Cors", "FunctionConfig", "FunctionNotReady", "FunctionUrl"]

MAX_REQUEST_BYTES = 6 * 1024 * 1024
_TOO_LARGE = f"Request must be smaller than {MAX_REQUEST_BYTES} bytes for the InvokeFunction operation"


class FunctionUrl:
    """A function behind an HTTP address on this machine.

    As many invocations run at once as `processes` times `pollers`; others wait in line, `queue_wait_s` long.
    The files of a `website` are served from the same address, before the function is asked.
    """

    def __init__(
        self,
        function: FunctionConfig,
        *,
        processes: int = 2,
        pollers: int = 32,
        log_file: Path,
        interpreter: str = sys.executable,
        stop_grace_s: float = 5.0,
        queue_wait_s: float = 30.0,
        report: Callable[[str], None] = print_report,
        website: Website | None = None,
    ) -> None:
        self._function, self._report, self._website = function, report, website
        self._processes = FunctionProcesses(
            function,
            processes=processes,
            pollers=pollers,
            log_file=log_file,
            interpreter=interpreter,
            stop_grace_s=stop_grace_s,
            queue_wait_s=queue_wait_s,
            report=report,
        )
        self._server: asyncio.Server | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pids(self) -> tuple[int, ...]:
        """The runtime processes that run now."""
        return self._processes.pids

    async def start(self, *, port: int = 0) -> None:
        """Listen, and start the processes; they may still be starting when this returns.

        Raises  OSError: the port is taken
        """
        self._server = await serve(self._handle, port=port)
        self.port = port_of(self._server)
        self._processes.start()

    async def ready(self, *, timeout_s: float) -> None:
        """Return once every process has polled. Raises FunctionNotReady: one failed, or none in time."""
        await self._processes.ready(timeout_s=timeout_s)

    async def stop(self) -> None:
        """End the processes, first politely so that running turns can end, and then the connections."""
        if self._server is None:
            return
        self._server.close()
        await self._processes.stop()
        await close(self._server)
        self._server = None

    async def _handle(self, exchange: Exchange) -> None:
        match (exchange.method, exchange.segments):
            case ("POST", ("2015-03-31", "functions", _, "invocations")):
                await self._direct(exchange)
            case _ if self._website is not None and self._website.has(exchange):
                await self._website.answer(exchange)
            case _:
                await self._request(exchange)

    async def _request(self, exchange: Exchange) -> None:
        request_id, trace = str(uuid.uuid4()), root_trace_id(exchange.header("x-amzn-trace-id"))
        config, origin = self._function.cors, exchange.header("origin")
        ours = host_headers(request_id, trace)
        if config is not None and cors.is_preflight(exchange.method, exchange.headers):
            headers = (("content-type", "application/json"), *cors.preflight_headers(config, origin))
            await exchange.reply(200, b"", (*ours, *headers))
            return
        added = cors.response_headers(config, origin)
        try:
            body = await exchange.body(limit=MAX_REQUEST_BYTES)
        except BodyTooLarge:
            headers = (("x-amzn-errortype", "RequestEntityTooLargeException"), *ours, *added)
            await exchange.reply_json(413, {"Message": _TOO_LARGE}, headers)
            return
        request = ReceivedRequest(
            method=exchange.method,
            path=exchange.path,
            query=exchange.raw_query,
            headers=exchange.headers,
            body=body,
            source_ip=exchange.client_host,
            port=self.port,
        )
        event = make_event(request, request_id=request_id, trace_id=trace, now=datetime.now(UTC))
        reply = UrlReply(exchange, host_headers=ours, cors_headers=added, report=self._report)
        await self._processes.invoke(encode_event(event), reply, request_id=request_id, trace_id=trace)

    async def _direct(self, exchange: Exchange) -> None:
        request_id, trace = str(uuid.uuid4()), root_trace_id(exchange.header("x-amzn-trace-id"))
        ours = host_headers(request_id, trace)
        try:
            event = await exchange.body(limit=MAX_REQUEST_BYTES) or b"{}"
            json.loads(event)
        except BodyTooLarge:
            body, headers = invoke_error("RequestTooLargeException", _TOO_LARGE)
            await exchange.reply(413, body, (*ours, *headers))
        except (ValueError, RecursionError) as error:
            body, headers = invoke_error(
                "InvalidRequestContentException", f"Could not parse request body into json: {error}"
            )
            await exchange.reply(400, body, (*ours, *headers))
        else:
            reply = DirectReply(exchange, host_headers=ours)
            await self._processes.invoke(event, reply, request_id=request_id, trace_id=trace)
