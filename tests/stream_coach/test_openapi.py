"""GET /openapi.json: the document says all that the route table and the error trees say."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate

from libs.coach_conversation import errors as coach_errors
from libs.lambda_runtime import StreamingResponse
from libs.streaming import errors as streaming_errors
from libs.streaming.path_params import compile_template
from libs.streaming.requests import Request
from libs.streaming.routes import Answer, Route
from stream_coach import api, openapi
from stream_coach.deliveries.json_answers import DEFAULT_PAGE
from stream_coach.http_errors import STATUSES
from stream_coach.openapi import document, printed
from stream_coach.routes import ROUTES
from stream_coach.routes.conversation_routes import CONVERSATION
from tests.stream_coach.schemas import DOCUMENT, faults, ref, resolved

ROOT = Path(__file__).resolve().parent.parent.parent
COPY = ROOT / "docs" / "openapi.json"
SAMPLES = sorted((ROOT / "events").glob("*.json"))


def operation(name: str) -> dict[str, Any]:
    [found] = [
        operation
        for path in DOCUMENT["paths"].values()
        for operation in path.values()
        if operation["operationId"] == name
    ]
    return dict(found)


def printed_by(**environment: str) -> bytes:
    command = [sys.executable, "-m", "stream_coach.openapi"]
    return subprocess.run(command, check=True, capture_output=True, env=os.environ | environment).stdout


def test_the_document_is_valid_openapi() -> None:
    validate(DOCUMENT)


def test_the_committed_copy_is_the_generated_document() -> None:
    assert COPY.read_text() == printed(DOCUMENT), "the API has changed: run `make openapi` and commit"


def test_every_process_prints_the_same_document() -> None:
    assert printed_by(PYTHONHASHSEED="1") == printed_by(PYTHONHASHSEED="2", LC_ALL="C") == COPY.read_bytes()


def test_its_version_is_the_projects() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == DOCUMENT["info"]["version"]


@pytest.mark.parametrize("route", ROUTES.routes, ids=lambda route: route.name)
def test_every_route_is_there_with_its_parameters(route: Route) -> None:
    found = DOCUMENT["paths"][route.template][route.method.lower()]
    parameters = [resolved(parameter) for parameter in found["parameters"]]
    in_path = {parameter["name"] for parameter in parameters if parameter["in"] == "path"}
    assert found["operationId"] == route.name
    assert found["summary"] == route.summary
    assert in_path == set(compile_template(route.template).param_names)
    assert {parameter["name"] for parameter in parameters if parameter["in"] != "path"} == set(
        route.parameters
    )
    assert ("requestBody" in found) == (route.request_model is not None)
    assert {str(answer.status) for answer in route.answers} <= set(found["responses"])


def test_no_path_is_there_that_the_table_does_not_have() -> None:
    documented = {(method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods}
    assert documented == {(route.method, route.template) for route in ROUTES.routes}


@pytest.mark.parametrize(
    ("name", "security"),
    [
        ("stream_turn", [{"bearer": []}]),
        ("resume_stream", [{"bearer": []}, {"ticket": []}]),
        ("health", []),
        ("show_api", []),
    ],
)
def test_an_operation_says_who_may_ask(name: str, security: list[dict[str, Any]]) -> None:
    assert operation(name)["security"] == security


def test_ids_in_a_path_have_the_pattern_that_the_routes_demand() -> None:
    parameter = DOCUMENT["components"]["parameters"]["path.conversationId"]
    assert parameter["schema"] == {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"}


def test_a_page_is_as_long_as_the_routes_make_it() -> None:
    limit = DOCUMENT["components"]["parameters"]["query.limit"]["schema"]
    assert limit == {"type": "integer", "minimum": 1, "maximum": 100, "default": DEFAULT_PAGE}


def test_a_turn_streams_events_told_apart_by_their_type() -> None:
    content = operation("stream_turn")["responses"]["200"]["content"]
    assert content == {
        "text/event-stream": {"schema": ref("TurnEvent")},
        "text/plain": {"schema": ref("DataStream")},
    }
    discriminator = DOCUMENT["components"]["schemas"]["TurnEvent"]["discriminator"]
    assert discriminator["propertyName"] == "type"
    assert set(discriminator["mapping"]) == {
        "start",
        "progress",
        "contextual",
        "recall",
        "chunk",
        "notice",
        "complete",
        "error",
    }


def test_the_probe_answers_in_two_media_types() -> None:
    assert set(operation("probe")["responses"]["200"]["content"]) == {"application/x-ndjson", "text/plain"}


def test_a_refusal_names_the_codes_that_can_occur() -> None:
    responses = operation("show_turn")["responses"]
    assert {status: resolved(responses[status])["description"] for status in sorted(responses)} == {
        "200": "The turn as it stands",
        "400": "INVALID_PATH_PARAMS",
        "401": "MISSING_AUTH_HEADER, INVALID_TOKEN_FORMAT, INVALID_TOKEN, TOKEN_EXPIRED, "
        "MISSING_CUSTOM_USER_ID",
        "403": "USER_ID_MISMATCH",
        "404": "CONVERSATION_NOT_FOUND, TURN_NOT_FOUND",
        "500": "PROCESSING_ERROR",
        "503": "STORE_UNAVAILABLE, KEYS_UNAVAILABLE",
    }


def test_a_refusal_is_a_problem_or_one_event() -> None:
    deleted = DOCUMENT["components"]["responses"]["DATA_BEING_DELETED"]
    assert deleted == {
        "description": "DATA_BEING_DELETED",
        "headers": {"Retry-After": {"$ref": "#/components/headers/Retry-After"}},
        "content": {
            "application/problem+json": {
                "schema": {
                    "allOf": [ref("Problem"), {"properties": {"code": {"enum": ["DATA_BEING_DELETED"]}}}]
                }
            },
            "text/event-stream": {"schema": ref("ErrorEvent")},
        },
    }


@pytest.mark.parametrize("tree", [streaming_errors, coach_errors], ids=["streaming", "coach_conversation"])
def test_every_code_of_the_error_trees_is_listed_and_explained(tree: Any) -> None:
    codes = {
        value.code for value in vars(tree).values() if isinstance(value, type) and hasattr(value, "code")
    }
    listed = DOCUMENT["components"]["schemas"]["ErrorCode"]
    assert codes <= set(listed["enum"])
    assert all(f"- `{code}` ({STATUSES[code]}): " in listed["description"] for code in codes)


def test_only_the_unforeseen_is_explained_as_such() -> None:
    lines = DOCUMENT["components"]["schemas"]["ErrorCode"]["description"].splitlines()
    assert [line for line in lines if "went wrong on our side" in line] == [
        "- `PROCESSING_ERROR` (500): Something went wrong on our side."
    ]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_the_body_of_a_sample_event_is_one_that_the_document_allows(sample: Path) -> None:
    event = json.loads(sample.read_text())
    if "rawPath" not in event:
        asked, schema = (event["payload"], "MessagesBody") if "action" in event else (event, "ProbeBody")
        assert faults(asked, ref(schema)) == []
        return
    route = ROUTES.match(event["requestContext"]["http"]["method"], event["rawPath"]).route
    found = operation(route.name)
    assert set(event.get("queryStringParameters", {})) <= set(route.parameters)
    if "requestBody" in found:
        schema = found["requestBody"]["content"]["application/json"]["schema"]
        assert faults(json.loads(event["body"]), schema) == []


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("stream_turn", {}),
        ("stream_turn", {"userResponse": 1}),
        ("stream_turn", {"userResponse": "hello", "clientMessageId": ""}),
        ("begin_turn", {"userResponse": "hello", "mode": "live"}),
        ("save_coach", {"name": "Atlas"}),
        ("probe_with_body", {"delay": 11}),
    ],
)
def test_the_document_refuses_what_the_service_refuses(name: str, body: dict[str, Any]) -> None:
    assert faults(body, operation(name)["requestBody"]["content"]["application/json"]["schema"])


def test_only_the_probe_may_come_without_its_body() -> None:
    bodies = {route.name: operation(route.name).get("requestBody") for route in ROUTES.routes}
    assert [name for name, body in bodies.items() if body and not body["required"]] == ["probe_with_body"]


def row(**fields: Any) -> Route:
    usual = {"name": "new", "auth": "jwt", "summary": "New", "answers": (Answer(204, "Done"),)}
    return Route("POST", f"{CONVERSATION}/new", **usual | fields)


def test_a_row_of_the_table_is_all_that_a_new_route_needs() -> None:
    made = document([row(tags=("new",), request_model="SaidBody", errors=("TURN_NOT_FOUND",))])
    validate(made)
    assert list(made["paths"]) == [f"{CONVERSATION}/new"]
    assert made["paths"][f"{CONVERSATION}/new"]["post"]["responses"]["204"] == {"description": "Done"}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"request_model": "NoBody"}, "the model 'NoBody'"),
        ({"parameters": ("colour",)}, "new takes 'colour'"),
        ({"errors": ("NO_SUCH_CODE",)}, "NO_SUCH_CODE"),
        ({"answers": ()}, "new says no answer"),
    ],
)
def test_a_row_that_names_what_does_not_exist_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        document([row(**fields)])


def test_the_route_answers_with_the_document() -> None:
    request = Request(source="function_url", request_id="r", method="GET", path="/openapi.json")
    answer = api.OPEN["show_api"](request)
    assert isinstance(answer, StreamingResponse)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    [body] = answer.body
    assert json.loads(body) == DOCUMENT


def test_a_process_that_serves_other_routes_never_imports_the_document() -> None:
    code = f"import sys, stream_coach.api; sys.exit({openapi.__name__!r} in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
