"""Operations: a row of the route table, as OpenAPI says it."""

from typing import Final

from libs.streaming.routes import Answer, Auth, Route
from stream_coach.openapi import parameters, problems
from stream_coach.openapi.schemas import JsonObject, Schemas

SECURITY: Final[dict[Auth, list[JsonObject]]] = {
    "none": [],
    "jwt": [{"bearer": []}],
    "jwt_or_ticket": [{"bearer": []}, {"ticket": []}],
}
HEADERS: Final[JsonObject] = {
    "Location": {"description": "Where it is now.", "schema": {"type": "string", "format": "uri-reference"}}
}
CREATED: Final = 201


def operation(route: Route, schemas: Schemas) -> JsonObject:
    """Return the operation object of the route. Raises ValueError."""
    return {
        "operationId": route.name,
        "summary": route.summary,
        "tags": list(route.tags),
        "security": SECURITY[route.auth],
        "parameters": parameters.uses(route),
        **_request(route, schemas),
        "responses": _successes(route, schemas) | problems.responses(route, schemas),
    }


def _request(route: Route, schemas: Schemas) -> JsonObject:
    if route.request_model is None:
        return {}
    body = {"application/json": {"schema": schemas.uses[route.request_model]}}
    return {"requestBody": {"required": route.request_required, "content": body}}


def _successes(route: Route, schemas: Schemas) -> JsonObject:
    """Return the route's answers by status; two of one status are two media types of it."""
    if not route.answers:
        raise ValueError(f"{route.name} says no answer; give it one in the route table")
    found: JsonObject = {}
    for answer in route.answers:
        response = found.setdefault(str(answer.status), _response(answer))
        if answer.model is not None:
            response.setdefault("content", {})[answer.media_type] = {"schema": schemas.uses[answer.model]}
    return found


def _response(answer: Answer) -> JsonObject:
    names = ("Location",) if answer.status == CREATED else answer.headers
    headers = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    return {"description": answer.meaning, **({"headers": headers} if headers else {})}
