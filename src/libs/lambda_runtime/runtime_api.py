"""The Lambda Runtime API, version 2018-06-01, over one connection.

Source  https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html and runtimes-custom.html
"""

import time
from collections.abc import Mapping
from typing import NamedTuple

from libs.lambda_runtime.connection import FOREVER, Connection
from libs.lambda_runtime.context import convert_deadline
from libs.lambda_runtime.errors import ExchangeFailed, PollFailed, Refused
from libs.lambda_runtime.http1 import Fields, Reply, encode_chunk, encode_end, encode_head
from libs.lambda_runtime.reports import BODY_FIELD, TYPE_FIELD, ErrorReport

HTTP_INTEGRATION = "application/vnd.awslambda.http-integration-response"
OCTET_STREAM = "application/octet-stream"
JSON = "application/json"
ERROR_JSON = "application/vnd.aws.lambda.error+json"

# A request that starts near or after the deadline still gets this long: Lambda ends the process itself.
SHORTEST_EXCHANGE_S = 1.0


class Invocation(NamedTuple):
    """One invocation as it came from `/next`."""

    request_id: str
    deadline_s: float
    headers: Mapping[str, str]
    event: bytes


class ResponseStream:
    """An answer on its way: its head has left, its chunks follow, `finish` ends it."""

    def __init__(self, connection: Connection, *, deadline_s: float) -> None:
        self._connection = connection
        self._deadline_s = deadline_s

    def send(self, data: bytes) -> None:
        """Send one chunk, which must not be empty, at once."""
        self._connection.send(encode_chunk(data), deadline_s=self._deadline_s)

    def finish(self, report: ErrorReport | None = None) -> None:
        """End the answer, with an error's trailers if it has failed, and read the reply."""
        trailers = report.to_trailers() if report else ()
        self._connection.end(encode_end(trailers), deadline_s=self._deadline_s)
        _check(self._connection, self._connection.read(deadline_s=self._deadline_s))


class RuntimeApi:
    """The calls of a runtime. One of them runs at a time.

    Raises  ExchangeFailed, from all but `next_invocation`
    """

    def __init__(self, host: str, port: int) -> None:
        self._host = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self._connection = Connection(host, port)

    def next_invocation(self, interrupt: int) -> Invocation | None:
        """Wait for an invocation; return None once the file `interrupt` is readable.

        Raises  PollFailed
        """
        try:
            reply = self._poll(interrupt)
        except ExchangeFailed as failure:
            raise PollFailed(f"GET /next failed: {failure}") from failure
        if reply is None:
            return None
        if reply.status != 200:
            raise PollFailed(f"GET /next was answered {reply.status}")
        request_id = reply.headers.get("lambda-runtime-aws-request-id")
        if not request_id:
            raise PollFailed("GET /next was answered without a request id")
        deadline_s = convert_deadline(reply.headers, epoch_s=time.time(), monotonic_s=time.monotonic())
        return Invocation(request_id, deadline_s, reply.headers, reply.body)

    def open_stream(self, invocation: Invocation, content_type: str) -> ResponseStream:
        """Begin a streamed answer."""
        fields = (
            *_echo(invocation),
            ("Content-Type", content_type),
            ("Lambda-Runtime-Function-Response-Mode", "streaming"),
            ("Transfer-Encoding", "chunked"),
            # Trailing headers must be announced here, or the other side may leave them out.
            ("Trailer", f"{TYPE_FIELD}, {BODY_FIELD}"),
        )
        deadline_s = _bound(invocation)
        head = self._head("POST", f"invocation/{invocation.request_id}/response", fields)
        self._connection.begin(head, deadline_s=deadline_s)
        return ResponseStream(self._connection, deadline_s=deadline_s)

    def respond(self, invocation: Invocation, payload: bytes) -> None:
        """Send a whole answer."""
        fields = (*_echo(invocation), ("Content-Type", JSON))
        path = f"invocation/{invocation.request_id}/response"
        self._post(path, fields, payload, deadline_s=_bound(invocation))

    def report_error(self, invocation: Invocation, report: ErrorReport) -> None:
        """Say that an invocation has failed, of whose answer nothing has left."""
        fields = (*_echo(invocation), ("Content-Type", ERROR_JSON), report.to_header())
        path = f"invocation/{invocation.request_id}/error"
        self._post(path, fields, report.to_json(), deadline_s=_bound(invocation))

    def report_init_error(self, report: ErrorReport) -> None:
        """Say that there is no handler to run."""
        fields = (("Content-Type", ERROR_JSON), report.to_header())
        deadline_s = time.monotonic() + SHORTEST_EXCHANGE_S
        self._post("init/error", fields, report.to_json(), deadline_s=deadline_s)

    def close(self) -> None:
        """Close the connection."""
        self._connection.drop()

    def _poll(self, interrupt: int) -> Reply | None:
        self._connection.begin(self._head("GET", "invocation/next", ()), deadline_s=FOREVER)
        if not self._connection.wait_for_reply(interrupt):
            self._connection.drop()
            return None
        return self._connection.read(deadline_s=FOREVER)

    def _post(self, path: str, fields: Fields, payload: bytes, *, deadline_s: float) -> None:
        head = self._head("POST", path, (*fields, ("Content-Length", str(len(payload)))))
        self._connection.begin(head + payload, deadline_s=deadline_s)
        _check(self._connection, self._connection.read(deadline_s=deadline_s))

    def _head(self, method: str, path: str, fields: Fields) -> bytes:
        return encode_head(method, f"/2018-06-01/runtime/{path}", (("Host", self._host), *fields))


def _echo(invocation: Invocation) -> Fields:
    """Return the attempt's id, which Lambda's own clients send back so that no answer is mistaken."""
    attempt = invocation.headers.get("lambda-runtime-invocation-id")
    return (("Lambda-Runtime-Invocation-Id", attempt),) if attempt else ()


def _bound(invocation: Invocation) -> float:
    return max(invocation.deadline_s, time.monotonic() + SHORTEST_EXCHANGE_S)


def _check(connection: Connection, reply: Reply) -> None:
    if not 200 <= reply.status < 300:
        connection.drop()
        raise Refused(f"the Runtime API answered {reply.status}")
