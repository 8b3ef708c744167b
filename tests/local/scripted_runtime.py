"""A runtime that does what its events say: a stand-in for `bootstrap`, standard library only.

An event's steps are the JSON list in its `steps`, in its query's `steps`, or in its body; each step is an
object with one key, a `_Turn` method below. Without steps the answer is the event itself. Waiting is by
named pipes, so that tests and runtime meet without sleeping. `START` of the environment makes the start
fail: `error` reports an init error and leaves, `error:linger` stays; `exit` leaves without a word;
`broken:<file>` fails while that file exists. `stubborn` starts, and does not end at SIGTERM.
"""

import base64
import hashlib
import json
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any, BinaryIO

INTEGRATION = "application/vnd.awslambda.http-integration-response"


class _Connection:
    def __init__(self) -> None:
        self.connect()

    def connect(self) -> None:
        host, _, port = os.environ["AWS_LAMBDA_RUNTIME_API"].partition(":")
        self.socket = socket.create_connection((host, int(port)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file: BinaryIO = self.socket.makefile("rb")

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def head(self, method: str, path: str, **fields: str) -> None:
        lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
        self.send(f"{method} /2018-06-01/runtime/{path} HTTP/1.1\r\nHost: api\r\n{lines}\r\n".encode())

    def receive(self) -> tuple[int, dict[str, str], bytes]:
        status = int(self.file.readline().split()[1])
        fields = {}
        while line := self.file.readline().strip().decode():
            name, _, value = line.partition(":")
            fields[name.lower()] = value.strip()
        return status, fields, self.file.read(int(fields.get("content-length", "0")))

    def post(self, path: str, body: bytes, **fields: str) -> int:
        self.head("POST", path, content_length=str(len(body)), **fields)
        self.send(body)
        return self.receive()[0]


class _Turn:
    """One invocation; each public method is a step."""

    def __init__(self, connection: _Connection, fields: dict[str, str], event: Any) -> None:
        self._connection, self._fields, self._event = connection, fields, event
        self._path = f"invocation/{fields['lambda-runtime-aws-request-id']}"

    def begin(self, content_type: str) -> None:
        mode = {"Lambda_Runtime_Function_Response_Mode": "streaming", "Transfer_Encoding": "chunked"}
        self._connection.head("POST", f"{self._path}/response", Content_Type=content_type, **mode)

    def send(self, text: str) -> None:
        data = text.encode("latin-1")
        self._connection.send(b"%x\r\n%b\r\n" % (len(data), data))

    def send_many(self, count: int) -> None:
        for number in range(count):
            self.send(f"{number:07d}" + "." * 1017)

    def prelude(self, head: Any) -> None:
        self.begin(INTEGRATION)
        self.send(json.dumps(head) + "\0" * 8)

    def end(self, _: None) -> None:
        self._connection.send(b"0\r\n\r\n")
        self._connection.receive()

    def fail(self, message: str) -> None:
        """End the stream with error trailers."""
        document = json.dumps({"errorType": "Handler.Broke", "errorMessage": message}).encode()
        trailers = (
            "Lambda-Runtime-Function-Error-Type: Handler.Broke",
            f"Lambda-Runtime-Function-Error-Body: {base64.b64encode(document).decode()}",
        )
        self._connection.send(("0\r\n" + "\r\n".join(trailers) + "\r\n\r\n").encode())
        self._connection.receive()

    def answer(self, value: Any) -> None:
        body = json.dumps(value).encode()
        self._connection.post(f"{self._path}/response", body, Content_Type="application/json")

    def answer_large(self, size: int) -> None:
        self._connection.post(f"{self._path}/response", b'"' + b"x" * size + b'"')

    def error(self, message: str) -> None:
        document = json.dumps({"errorType": "Handler.Broke", "errorMessage": message}).encode()
        fields = {"Lambda_Runtime_Function_Error_Type": "Handler.Broke"}
        self._connection.post(f"{self._path}/error", document, **fields)

    def describe(self, _: None) -> None:
        """Answer with what the runtime was given."""
        given = {"event": self._event, "headers": self._fields, "environment": dict(os.environ)}
        self.answer({"statusCode": 200, "body": json.dumps(given | {"pid": os.getpid()})})

    def digest(self, _: None) -> None:
        """Answer with the hash of the request's body."""
        text, is_base64 = self._event["body"], self._event["isBase64Encoded"]
        body = base64.b64decode(text) if is_base64 else text.encode()
        self.answer({"base64": is_base64, "length": len(body), "sha256": hashlib.sha256(body).hexdigest()})

    def wait(self, pipe: str) -> None:
        Path(pipe).read_bytes()

    def tell(self, pipe: str) -> None:
        Path(pipe).write_text(str(os.getpid()))

    def work(self, duration_s: float) -> None:
        time.sleep(duration_s)

    def hang(self, _: None) -> None:
        threading.Event().wait()

    def drop(self, _: None) -> None:
        self._connection.file.close()
        self._connection.socket.close()
        self._connection.connect()

    def exit(self, code: int) -> None:
        os._exit(code)

    def kill(self, _: None) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


def _steps(event: Any) -> list[dict[str, Any]]:
    if not isinstance(event, dict):
        return [{"answer": event}]
    if "steps" in event:
        return list(event["steps"])
    query = event.get("queryStringParameters", {})
    return list(json.loads(query["steps"])) if "steps" in query else [{"answer": event}]


def _poll() -> None:
    connection = _Connection()
    while True:
        connection.head("GET", "invocation/next")
        status, fields, body = connection.receive()
        if status != 200:
            os._exit(1)
        event = json.loads(body)
        turn = _Turn(connection, fields, event)
        for step in _steps(event):
            for name, argument in step.items():
                getattr(turn, name)(argument)


def _start() -> None:
    start, _, argument = os.environ.get("START", "").partition(":")
    if start == "exit":
        sys.exit("the runtime has no wings")
    if start == "error" or (start == "broken" and Path(argument).exists()):
        document = {"errorType": "Runtime.ImportModuleError", "errorMessage": "No module named 'wings'"}
        fields = {"Lambda_Runtime_Function_Error_Type": "Runtime.ImportModuleError"}
        _Connection().post("init/error", json.dumps(document).encode(), **fields)
        if argument == "linger":
            threading.Event().wait()
        sys.exit(1)
    if start == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)


if __name__ == "__main__":
    _start()
    for _ in range(int(os.environ["AWS_LAMBDA_MAX_CONCURRENCY"])):
        threading.Thread(target=_poll).start()
