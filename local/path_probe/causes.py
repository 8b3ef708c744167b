"""Who probably holds a stream back, by the marks that it leaves in the headers, and what to do. Pure data.

Source  the vendors' manuals, not measurements: where in doubt, probe each hop
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

type Headers = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Cause:
    """Somebody on the way who may collect an answer, and the remedy."""

    who: str
    remedy: str


def likely_causes(url: str, headers: Headers) -> tuple[Cause, ...]:
    """Return who left a mark, likeliest first; at least one."""
    host = urlsplit(url).hostname or ""
    found = tuple(cause for applies, cause in _MARKS if applies(host, headers))
    return found or (_UNKNOWN,)


def _has(name: str) -> Callable[[str, Headers], bool]:
    return lambda _host, headers: name in headers


def _says(name: str, text: str) -> Callable[[str, Headers], bool]:
    return lambda _host, headers: text in headers.get(name, "").lower()


_MARKS: Final[tuple[tuple[Callable[[str, Headers], bool], Cause], ...]] = (
    (
        _has("apigw-requestid"),
        Cause(
            "API Gateway HTTP API, which cannot stream",
            "call the function by its Function URL, or by a REST API with streaming switched on",
        ),
    ),
    (
        _has("x-amz-apigw-id"),
        Cause(
            "API Gateway REST API",
            "set `ResponseTransferMode: RESPONSE_STREAM` on the Api event in template.yaml and deploy",
        ),
    ),
    (
        lambda host, headers: ".lambda-url." in host and "content-length" in headers,
        Cause(
            "the Function URL, whose invoke mode is BUFFERED",
            "set `InvokeMode: RESPONSE_STREAM` in FunctionUrlConfig of template.yaml and deploy",
        ),
    ),
    (
        lambda host, _headers: ".lambda-url." in host,
        Cause(
            "Lambda's Function URL, which holds small first chunks back",
            "nothing is wrong here; where it matters, send some 8 KB of comment lines first",
        ),
    ),
    (
        _has("content-encoding"),
        Cause(
            "a compressor, which fills a block before it sends",
            "keep `cache-control: no-transform`, and switch compression off for text/event-stream",
        ),
    ),
    (
        _has("x-amz-cf-id"),
        Cause(
            "CloudFront",
            "give the path a behaviour with caching off (CachingDisabled) and compression off",
        ),
    ),
    (
        _has("cf-ray"),
        Cause("Cloudflare", "send `cache-control: no-transform`, and switch response buffering off"),
    ),
    (
        _says("server", "nginx"),
        Cause("nginx", "set `proxy_buffering off;`, or let `X-Accel-Buffering: no` through; `gzip off;`"),
    ),
    (
        _says("server", "awselb"),
        Cause(
            "an Application Load Balancer, which collects a Lambda target's answer",
            "call the function by its Function URL",
        ),
    ),
    (
        _says("via", "varnish"),
        Cause("Varnish", "set `beresp.do_stream = true` for the path"),
    ),
    (
        _has("content-length"),
        Cause(
            "somebody who counted the whole answer before sending it (there is a content-length)",
            "probe each hop on its own, beginning at the function: the first that buffers is it",
        ),
    ),
    (
        _has("via"),
        Cause("the proxy named in `via`", "switch its response buffering off for this path"),
    ),
)
_UNKNOWN: Final = Cause(
    "a proxy, a compressor or a virus scanner on the way, or the server itself",
    "probe each hop on its own, beginning at the function: the first that buffers is it",
)
