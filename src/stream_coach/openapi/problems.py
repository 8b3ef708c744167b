"""Problems: how a route can refuse, by its kind and by what its row says."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from libs.streaming.path_params import compile_template
from libs.streaming.routes import Route
from stream_coach.http_errors import STATUSES
from stream_coach.openapi.schemas import JsonObject, Schemas

MODELS: Final = ("Problem", "ErrorEvent")
HEADERS: Final[JsonObject] = {
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}},
    "WWW-Authenticate": {"description": "How to prove who is asking.", "schema": {"const": "Bearer"}},
}
SENT_WITH: Final = {401: "WWW-Authenticate", 409: "Retry-After", 429: "Retry-After", 503: "Retry-After"}

WITH_PATH_IDS: Final = ("INVALID_PATH_PARAMS",)
WITH_BODY: Final = ("PAYLOAD_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE", "INVALID_JSON")
WITH_TOKEN: Final = (
    "MISSING_AUTH_HEADER",
    "INVALID_TOKEN_FORMAT",
    "INVALID_TOKEN",
    "TOKEN_EXPIRED",
    "MISSING_CUSTOM_USER_ID",
    "USER_ID_MISMATCH",
    "KEYS_UNAVAILABLE",
)
WITH_TICKET: Final = ("TICKET_INVALID", "TICKET_EXPIRED")
ALWAYS: Final = ("PROCESSING_ERROR",)


def codes_of(route: Route) -> tuple[str, ...]:
    """Return every code that the route can refuse with, in the order of their statuses.

    Raises  ValueError: the row names a code without a status
    """
    unknown = set(route.errors) - set(STATUSES)
    if unknown:
        raise ValueError(f"{route.name} names {sorted(unknown)}; give each a status in http_errors.STATUSES")
    possible = set(_codes(route))
    return tuple(sorted((code for code in STATUSES if code in possible), key=STATUSES.__getitem__))


def _codes(route: Route) -> Iterator[str]:
    yield from ALWAYS
    yield from route.errors
    if compile_template(route.template).param_names:
        yield from WITH_PATH_IDS
    if route.request_model is not None:
        yield from WITH_BODY
        if route.request_required:
            yield "MISSING_REQUEST_BODY"
    if route.auth != "none":
        yield from WITH_TOKEN
    if route.auth == "jwt_or_ticket":
        yield from WITH_TICKET


def responses(route: Route, schemas: Schemas) -> JsonObject:
    """Return the route's refusals by status, each with the codes that it can hold."""
    return {
        str(status): {"$ref": f"#/components/responses/{codes[0]}"}
        if len(codes) == 1
        else _response(status, codes, schemas)
        for status, codes in _by_status(route)
    }


def components(routes: Iterable[Route], schemas: Schemas) -> JsonObject:
    """Return the refusals that stand for one code alone, by code: most routes share them."""
    alone = {
        codes[0]: _response(status, codes, schemas)
        for route in routes
        for status, codes in _by_status(route)
        if len(codes) == 1
    }
    return {code: alone[code] for code in STATUSES if code in alone}


def _by_status(route: Route) -> Iterator[tuple[int, list[str]]]:
    for status, codes in groupby(codes_of(route), key=STATUSES.__getitem__):
        yield status, list(codes)


def _response(status: int, codes: list[str], schemas: Schemas) -> JsonObject:
    header = SENT_WITH.get(status)
    narrowed = {"allOf": [schemas.uses["Problem"], {"properties": {"code": {"enum": codes}}}]}
    return {
        "description": ", ".join(codes),
        **({"headers": {header: {"$ref": f"#/components/headers/{header}"}}} if header else {}),
        "content": {
            "application/problem+json": {"schema": narrowed},
            "text/event-stream": {"schema": schemas.uses["ErrorEvent"]},
        },
    }
