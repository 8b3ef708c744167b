"""One response, read as it arrives: the only I/O of the path probe."""

import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import httpx

from local.errors import PathUnprobed

MAX_BYTES: Final = 4_000_000
MAX_PIECES: Final = 100_000
_EXCERPT_BYTES: Final = 300


@dataclass(frozen=True, slots=True)
class Question:
    """What to ask.

    Units   seconds: `silence_s` the longest wait between two pieces, `total_s` how long to read at most
    """

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    connect_s: float = 5.0
    silence_s: float = 30.0
    total_s: float = 60.0
    verify: bool = True


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes that arrived together. Units  `at_ms` since the request was sent"""

    at_ms: float
    data: bytes


@dataclass(frozen=True, slots=True)
class Arrivals:
    """A whole response and when each part of it came.

    Shape   header names in lower case; `pieces` with the content decoded, as a client sees it
    Units   `head_ms` and `ended_ms` since the request was sent
    """

    url: str
    status: int
    http_version: str
    headers: Mapping[str, str]
    head_ms: float
    pieces: tuple[Piece, ...]
    ended_ms: float

    @property
    def body(self) -> bytes:
        return b"".join(piece.data for piece in self.pieces)


def read_arrivals(question: Question) -> Arrivals:
    """Ask once and return what came when.

    Raises  PathUnprobed: nothing answers, not with 200, not in time, or the answer breaks off
    """
    with _explained(question), _client(question) as http:
        begun_s = time.perf_counter()
        request = http.build_request(
            question.method, question.url, headers=dict(question.headers), content=question.body
        )
        response = http.send(request, stream=True)
        try:
            head_ms = _ms_since(begun_s)
            if response.status_code != 200:
                raise _refused(response)
            pieces = tuple(_pieces(response, begun_s, question))
            ended_ms = _ms_since(begun_s)
        finally:
            response.close()
    return Arrivals(
        url=str(response.url),
        status=response.status_code,
        http_version=response.http_version,
        headers={name.lower(): value for name, value in response.headers.items()},
        head_ms=head_ms,
        pieces=pieces,
        ended_ms=ended_ms,
    )


def _pieces(response: httpx.Response, begun_s: float, question: Question) -> Iterator[Piece]:
    size = 0
    for count, data in enumerate(response.iter_bytes()):
        at_ms = _ms_since(begun_s)
        if data:
            yield Piece(at_ms, data)
        size += len(data)
        if size > MAX_BYTES or count > MAX_PIECES or at_ms > question.total_s * 1000:
            return  # a stream without end: what came until now is enough to judge


def _client(question: Question) -> httpx.Client:
    timeout = httpx.Timeout(question.silence_s, connect=question.connect_s)
    return httpx.Client(timeout=timeout, verify=question.verify, trust_env=_is_remote(question.url))


@contextmanager
def _explained(question: Question) -> Iterator[None]:
    """Translate what goes wrong on the way into words that say what to do."""
    where = _shown(question.url)
    try:
        yield
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError) as error:
        raise PathUnprobed(f"{where} is no address; it should begin with https:// or http://") from error
    except httpx.ConnectTimeout as error:
        raise PathUnprobed(
            f"{where} took no connection in {question.connect_s:g} s; check host, port and firewall"
        ) from error
    except httpx.ConnectError as error:
        raise PathUnprobed(_unconnected(where, error)) from error
    except httpx.ReadTimeout as error:
        raise PathUnprobed(
            f"{where} said nothing for {question.silence_s:g} s; "
            "wait longer with --timeout, or ask for less with --delay and --words"
        ) from error
    except httpx.TransportError as error:
        raise PathUnprobed(f"the answer of {where} broke off ({error or type(error).__name__})") from error
    except httpx.DecodingError as error:
        raise PathUnprobed(f"the content-encoding of {where} cannot be undone ({error})") from error


def _unconnected(where: str, error: httpx.ConnectError) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return (
                f"the certificate of {where} is not to be trusted: {cause.verify_message}; "
                "name its authority in SSL_CERT_FILE, or use --insecure where you know why"
            )
        if isinstance(cause, ssl.SSLError):
            return f"{where} does not speak TLS as it should ({cause.reason or cause}); is it http://?"
        cause = cause.__cause__ or cause.__context__
    return f"nothing answers at {where} ({error}); check the address and that the service runs"


def _refused(response: httpx.Response) -> PathUnprobed:
    where, status = _shown(str(response.url)), response.status_code
    if location := response.headers.get("location"):
        return PathUnprobed(f"{where} answers {status} and points to {location}; probe that address")
    response.read()
    said = " ".join(response.text[:_EXCERPT_BYTES].split()) or "an empty body"
    hint = "; give --token" if status in (401, 403) else ""
    return PathUnprobed(f"{where} answers {status}, where 200 is needed: {said}{hint}")


def _shown(url: str) -> str:
    """Return an address without its query, which may hold a ticket."""
    return repr(url.partition("?")[0])


def _is_remote(url: str) -> bool:
    try:
        return httpx.URL(url).host not in ("127.0.0.1", "localhost", "::1")
    except httpx.InvalidURL:
        return True


def _ms_since(begun_s: float) -> float:
    return (time.perf_counter() - begun_s) * 1000
