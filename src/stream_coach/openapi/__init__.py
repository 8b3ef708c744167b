"""The API as an OpenAPI 3.1 document, made from the route table; imported when someone asks for it.

Source  https://spec.openapis.org/oas/v3.1.1.html
"""

import json
from collections.abc import Iterable, Iterator
from typing import Final

from libs.streaming.routes import Model, Route
from stream_coach.openapi import operations, parameters, problems
from stream_coach.openapi.schemas import JsonObject, Schemas, schemas_of

API_VERSION: Final = "0.1.0"
DESCRIPTION: Final = """\
Talk to an AI coach and read the answer while it is written.

JSON is camelCase, but for the word probe. In answers a field that is not required is left out, never null. \
A refused request answers with `application/problem+json`, or, where `accept` names `text/event-stream`, \
with the same status and one `error` event. An address that is not listed here answers 404 \
`ROUTE_NOT_FOUND`, a listed one asked with another method 405 `METHOD_NOT_ALLOWED` and an `allow` header."""
BEARER: Final = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "RS256, from the configured issuer; its claim `custom:user_id` is the userId of the path.",
}
TICKET: Final = {
    "type": "apiKey",
    "in": "query",
    "name": "ticket",
    "description": "Leave to attach to one turn, for clients that cannot send headers; 15 minutes.",
}


def document(routes: Iterable[Route]) -> JsonObject:
    """Return the OpenAPI document of these routes; the same routes always give the same document.

    Raises  ValueError: a route names a model, a parameter or a code that does not exist, or no answer
    """
    table = tuple(routes)
    schemas = schemas_of(_models(table))
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "stream-coach",
            "version": API_VERSION,
            "description": DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "tags": [{"name": tag} for tag in dict.fromkeys(tag for route in table for tag in route.tags)],
        "paths": _paths(table, schemas),
        "components": {
            "securitySchemes": {"bearer": BEARER, "ticket": TICKET},
            "parameters": parameters.components(table),
            "responses": problems.components(table, schemas),
            "headers": operations.HEADERS | problems.HEADERS,
            "schemas": schemas.definitions,
        },
    }


def printed(description: JsonObject) -> str:
    """Return the document as docs/openapi.json holds it."""
    return json.dumps(description, ensure_ascii=False, indent=2) + "\n"


def _models(table: tuple[Route, ...]) -> Iterator[Model]:
    yield from problems.MODELS
    for route in table:
        if route.request_model is not None:
            yield route.request_model
        yield from (answer.model for answer in route.answers if answer.model is not None)


def _paths(table: tuple[Route, ...], schemas: Schemas) -> JsonObject:
    paths: JsonObject = {}
    for route in table:
        paths.setdefault(route.template, {})[route.method.lower()] = operations.operation(route, schemas)
    return paths
