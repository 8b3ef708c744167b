"""Asks a service, and always gets an answer: what goes wrong on the way is one too."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urljoin

import httpx

UNREACHABLE: Final = 0
MAX_BYTES: Final = 2_000_000


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Shape   `status` 0 when nothing did; `broken` when the answer had no proper end; `trouble` says why
    Units   `at_ms` since the request, one for each piece of the body
    """

    status: int
    headers: httpx.Headers = field(default_factory=httpx.Headers)
    body: bytes = b""
    at_ms: tuple[float, ...] = ()
    broken: bool = False
    trouble: str = ""

    @property
    def media_type(self) -> str:
        return str(self.headers.get("content-type", "")).partition(";")[0].strip().lower()

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    def json(self) -> dict[str, Any]:
        """Return the body's object, empty where it is none."""
        try:
            found = httpx.Response(200, content=self.body).json()
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def told(self) -> str:
        """Return in a few words what this is."""
        if self.status == UNREACHABLE:
            return self.trouble
        code = self.json().get("code")
        parts = [str(self.status), self.media_type, str(code) if code else ""]
        return " ".join(part for part in parts if part) + (" (broke off)" if self.broken else "")


class Visitor:
    """A client of one service; a token is sent only where it is asked for."""

    def __init__(self, url: str, *, timeout_s: float, verify: bool = True) -> None:
        self.url = url.rstrip("/")
        timeout = httpx.Timeout(timeout_s, connect=min(5.0, timeout_s))
        host = httpx.URL(self.url).host
        remote = host not in ("127.0.0.1", "localhost", "::1")
        self._http = httpx.Client(timeout=timeout, verify=verify, trust_env=remote)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def ask(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        until: bytes | None = None,
    ) -> Answer:
        """Ask and read the answer to its end, or until it holds `until`; never raises for a bad answer."""
        url = urljoin(f"{self.url}/", path) if path.startswith("http") else f"{self.url}{path}"
        begun_s, status, received = time.perf_counter(), UNREACHABLE, httpx.Headers()
        body, at_ms = bytearray(), []
        try:
            with self._http.stream(method, url, headers=dict(headers or {}), content=content) as response:
                status, received = response.status_code, response.headers
                for piece in response.iter_bytes():
                    body += piece
                    at_ms.append((time.perf_counter() - begun_s) * 1000)
                    if len(body) > MAX_BYTES or (until is not None and until in body):
                        break
        except httpx.TimeoutException as error:
            where = "no connection" if isinstance(error, httpx.ConnectTimeout) else "no end of the answer"
            return Answer(status, received, bytes(body), tuple(at_ms), True, f"{where} in time")
        except (httpx.TransportError, httpx.DecodingError, httpx.InvalidURL, UnicodeError) as error:
            return Answer(
                status, received, bytes(body), tuple(at_ms), True, str(error) or type(error).__name__
            )
        return Answer(status, received, bytes(body), tuple(at_ms))
