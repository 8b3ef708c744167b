"""One invocation, from its event to its answer.

Once the first byte of an answer has left, an error can no longer become an `/error`: it ends the
stream as a trailer. Whatever happens, the answer's body is closed, and nothing of this invocation
is left on the connection that the next one uses.
"""

import json

from libs.lambda_runtime.context import Context, Handler, build_context
from libs.lambda_runtime.errors import EventUnreadable, ExchangeFailed
from libs.lambda_runtime.logs import log
from libs.lambda_runtime.reports import ErrorReport
from libs.lambda_runtime.response import (
    Chunks,
    StreamingResponse,
    encode_json,
    encode_prelude,
    open_chunks,
)
from libs.lambda_runtime.runtime_api import (
    HTTP_INTEGRATION,
    OCTET_STREAM,
    Invocation,
    ResponseStream,
    RuntimeApi,
)
from libs.lambda_runtime.settings import Settings


class Delivery:
    """One run of the handler."""

    def __init__(
        self, invocation: Invocation, api: RuntimeApi, *, handler: Handler, settings: Settings
    ) -> None:
        self._invocation = invocation
        self._api = api
        self._handler = handler
        self._settings = settings

    def run(self) -> BaseException | None:
        """Run the handler and deliver its answer; return the error that it raised, reported."""
        try:
            answer = self._handler(self._read_event(), self._build_context())
            chunks = open_chunks(answer)
        except BaseException as fault:  # noqa: BLE001 SystemExit too is an answer that Lambda waits for
            return self._report(fault)
        if chunks is None:
            return self._send_json(answer)
        try:
            return self._stream(answer, chunks)
        except ExchangeFailed as failure:
            self._log_lost(failure)
            return None
        finally:
            # After the failure was logged: a body may take long to close, because its work goes on.
            self._close(chunks)

    def _read_event(self) -> object:
        try:
            return json.loads(self._invocation.event)
        except (ValueError, RecursionError) as error:
            raise EventUnreadable("the event is not JSON") from error

    def _build_context(self) -> Context:
        invocation = self._invocation
        return build_context(invocation.headers, self._settings, deadline_s=invocation.deadline_s)

    def _send_json(self, answer: object) -> BaseException | None:
        try:
            self._api.respond(self._invocation, encode_json(answer))
        except ExchangeFailed as failure:
            self._log_lost(failure)
        except Exception as fault:  # noqa: BLE001 the answer's own code may run while it is written as JSON
            return self._report(fault)
        return None

    def _stream(self, answer: object, chunks: Chunks) -> BaseException | None:
        try:
            content_type, opening = _open(answer, chunks)
        except BaseException as fault:  # noqa: BLE001 as in run
            return self._report(fault)
        stream = self._api.open_stream(self._invocation, content_type)
        if opening:
            stream.send(opening)
        try:
            for data in chunks:
                stream.send(data)
        except ExchangeFailed:
            raise
        except BaseException as fault:  # noqa: BLE001 as in run
            return self._fail_stream(stream, fault)
        stream.finish()
        return None

    def _fail_stream(self, stream: ResponseStream, fault: BaseException) -> BaseException:
        report = self._log_fault(fault)
        try:
            stream.finish(report)
        except ExchangeFailed as failure:
            self._log_lost(failure)
        return fault

    def _report(self, fault: BaseException) -> BaseException:
        report = self._log_fault(fault)
        try:
            self._api.report_error(self._invocation, report)
        except ExchangeFailed as failure:
            self._log_lost(failure)
        return fault

    def _close(self, chunks: Chunks) -> None:
        try:
            chunks.close()
        except Exception as fault:  # noqa: BLE001 the answer is over: all that is left is to tell
            report = ErrorReport.of(fault)
            log("ERROR", "body_close_failed", requestId=self._invocation.request_id, **report.to_fields())

    def _log_fault(self, fault: BaseException) -> ErrorReport:
        report = ErrorReport.of(fault)
        log("ERROR", "invocation_failed", requestId=self._invocation.request_id, **report.to_fields())
        return report

    def _log_lost(self, failure: ExchangeFailed) -> None:
        log("WARN", "answer_not_delivered", requestId=self._invocation.request_id, reason=str(failure))


def _open(answer: object, chunks: Chunks) -> tuple[str, bytes]:
    """Return a stream's content type and first bytes.

    An HTTP answer's head never waits for its body. A raw stream has no head: it opens with its
    first item, so that what fails before it can still be an `/error`.
    """
    if isinstance(answer, StreamingResponse):
        return HTTP_INTEGRATION, encode_prelude(answer)
    return OCTET_STREAM, next(chunks, b"")
