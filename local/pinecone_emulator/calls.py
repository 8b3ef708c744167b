"""The log of calls that `/_emulator/calls` shows."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

MAX_CALLS: Final = 2_000


@dataclass(frozen=True, slots=True)
class Call:
    """One call, as it was asked. Units: `started_at` in seconds since the epoch."""

    method: str
    path: str
    started_at: float
    api_version: str
    request: Any
    fault: str | None

    def to_json(self) -> dict[str, Any]:
        return {
            "operation": f"{self.method} {self.path}",
            "startedAt": self.started_at,
            "apiVersion": self.api_version,
            "request": self.request,
            "fault": self.fault,
        }


@dataclass(slots=True)
class CallLog:
    """Calls in order of their arrival, refused ones included; the oldest are dropped."""

    clock: Callable[[], float]
    _calls: deque[Call] = field(default_factory=lambda: deque(maxlen=MAX_CALLS))

    def add(self, method: str, path: str, *, api_version: str, request: Any, fault: str | None) -> None:
        call = Call(method, path, self.clock(), api_version, without_vectors(request), fault)
        self._calls.append(call)

    def clear(self) -> None:
        self._calls.clear()

    def to_json(self) -> list[dict[str, Any]]:
        return [call.to_json() for call in self._calls]


def without_vectors(request: Any) -> Any:
    """Return a request with its vectors' lengths in place of their numbers."""
    if isinstance(request, list):
        return [without_vectors(part) for part in request]
    if not isinstance(request, dict):
        return request
    return {
        name: f"{len(part)} numbers"
        if name in ("vector", "values") and isinstance(part, list)
        else without_vectors(part)
        for name, part in request.items()
    }
