"""The log of model calls that `/_emulator/calls` shows."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal

type Operation = Literal["Converse", "ConverseStream", "InvokeModel"]

MAX_CALLS: Final = 5_000
MAX_REQUEST_BYTES: Final = 64 * 1024 * 1024


@dataclass(slots=True)
class Call:
    """One model call; it changes while it runs.

    Shape   `deltas` the pieces of text or tool input streamed so far, 0 for what is not streamed;
            `closed_early` the client left before the end
    Units   `started_at` in seconds since the epoch
    """

    operation: Operation
    model_id: str
    started_at: float
    request: Any
    request_bytes: int
    deltas: int = 0
    closed_early: bool = False

    def to_json(self) -> dict[str, Any]:
        return {
            "operation": self.operation,
            "modelId": self.model_id,
            "startedAt": self.started_at,
            "deltas": self.deltas,
            "closedEarly": self.closed_early,
            "request": self.request,
        }


@dataclass(slots=True)
class CallLog:
    """Calls in order of their start, running and refused ones included; the oldest are dropped.

    A call is logged when its body was read and is JSON, so also when it is then refused or throttled.
    """

    clock: Callable[[], float]
    max_calls: int = MAX_CALLS
    max_request_bytes: int = MAX_REQUEST_BYTES
    _calls: deque[Call] = field(default_factory=deque)
    _bytes: int = 0

    def begin(self, operation: Operation, model_id: str, request: Any, *, request_bytes: int) -> Call:
        call = Call(operation, model_id, self.clock(), request, request_bytes)
        self._calls.append(call)
        self._bytes += request_bytes
        while len(self._calls) > self.max_calls or (
            self._bytes > self.max_request_bytes and len(self._calls) > 1
        ):
            self._bytes -= self._calls.popleft().request_bytes
        return call

    def clear(self) -> None:
        self._calls.clear()
        self._bytes = 0

    def to_json(self) -> list[dict[str, Any]]:
        return [call.to_json() for call in self._calls]
