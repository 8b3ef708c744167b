"""CORS as a Function URL answers it from its configuration.

Recorded from lambda-url.us-east-1.on.aws in 2024: a preflight gets status 200, an empty body and the
configured lists, whatever it asked for; other answers get the origin, the credentials flag and
`Vary: Origin`. AWS sends the function's own CORS headers beside these, and browsers refuse the doubles.
Here the configuration wins, and `doubled` tells which headers would have been doubled.
"""

from local.function_config import Cors

type Headers = tuple[tuple[str, str], ...]


def is_preflight(method: str, headers: Headers) -> bool:
    names = {name for name, _ in headers}
    return method == "OPTIONS" and {"origin", "access-control-request-method"} <= names


def preflight_headers(cors: Cors, origin: str) -> Headers:
    """Return the headers that answer a preflight; an origin that is not allowed gets none of the lists."""
    allowed = _allow_origin(cors, origin)
    if not allowed:
        return (("vary", "Origin"),)
    lists = (
        ("access-control-allow-methods", cors.allow_methods),
        ("access-control-allow-headers", cors.allow_headers),
        ("access-control-expose-headers", cors.expose_headers),
    )
    age = (("access-control-max-age", str(cors.max_age_s)),) if cors.max_age_s else ()
    return (*allowed, *((name, ",".join(values)) for name, values in lists if values), *age)


def response_headers(cors: Cors | None, origin: str) -> Headers:
    """Return what the host adds to the answer to a request with an `Origin`; nothing without one."""
    if cors is None or not origin:
        return ()
    allowed = _allow_origin(cors, origin)
    if not allowed:
        return (("vary", "Origin"),)
    exposed = (
        (("access-control-expose-headers", ",".join(cors.expose_headers)),) if cors.expose_headers else ()
    )
    return (*allowed, *exposed)


def doubled(function_headers: Headers, host_headers: Headers) -> tuple[str, ...]:
    """Return the CORS headers that both the function and the configuration set."""
    ours = {name for name, _ in host_headers}
    return tuple(name for name, _ in function_headers if name in ours and name != "vary")


def _allow_origin(cors: Cors, origin: str) -> Headers:
    credentials = (("access-control-allow-credentials", "true"),) if cors.allow_credentials else ()
    if origin in cors.allow_origins or ("*" in cors.allow_origins and cors.allow_credentials):
        # Fetch 3.3.5: with credentials `*` is no wildcard, so the origin itself is named
        return (("vary", "Origin"), ("access-control-allow-origin", origin), *credentials)
    if "*" in cors.allow_origins:
        return (("vary", "Origin"), ("access-control-allow-origin", "*"))
    return ()
