import json
from collections.abc import Iterator
from typing import Any, Final

import pytest

from libs.coach_conversation import errors as coach_errors
from libs.coach_conversation.errors import (
    BudgetExceeded,
    ConversationBusy,
    RateLimited,
    StoreUnavailable,
    TurnCancelled,
    TurnError,
)
from libs.lambda_runtime import StreamingResponse
from libs.streaming import errors as streaming_errors
from libs.streaming.errors import (
    KeysUnavailable,
    MethodNotAllowed,
    MissingAuthHeader,
    RouteNotFound,
    StreamingError,
    TokenExpired,
)
from libs.streaming.events import Error
from libs.streaming.requests import Request
from stream_coach import http_errors
from stream_coach.http_errors import STATUSES


def classes(kind: type[Exception]) -> Iterator[type[Exception]]:
    """Yield the class and all below it that are shipped."""
    if kind.__module__.startswith("libs."):
        yield kind
    for child in kind.__subclasses__():
        yield from classes(child)


KINDS: Final = [kind for root in (StreamingError, TurnError) for kind in classes(root)]
CODES: Final = sorted({vars(kind)["code"] for kind in KINDS if "code" in vars(kind)})


def request(accept: str = "") -> Request:
    return Request(source="function_url", request_id="r-1", headers={"accept": accept} if accept else {})


def body_of(answer: StreamingResponse) -> bytes:
    (body,) = answer.body
    assert isinstance(body, bytes)
    return body


def problem(answer: StreamingResponse) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(body_of(answer))
    return document


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_a_status(code: str) -> None:
    assert STATUSES[code] in range(400, 600)


def test_every_status_is_for_a_code_that_exists() -> None:
    assert set(STATUSES) <= set(CODES)


def test_the_trees_are_those_of_both_libraries() -> None:
    assert {coach_errors.__name__, streaming_errors.__name__} <= {kind.__module__ for kind in KINDS}


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (MissingAuthHeader(), 401),
        (RouteNotFound("/x"), 404),
        (MethodNotAllowed("PUT", allowed=("GET",)), 405),
        (ConversationBusy("t-1"), 409),
        (RateLimited(retry_after_s=9), 429),
        (BudgetExceeded(retry_after_s=9), 429),
        (TurnError("oops"), 500),
        (StoreUnavailable("away"), 503),
        (TurnCancelled("stopped"), 409),
    ],
)
def test_an_error_has_its_status(error: Any, status: int) -> None:
    assert http_errors.refusal(error, request()).status == status


def test_a_problem_says_what_and_what_to_do() -> None:
    answer = http_errors.refusal(RouteNotFound("/ü"), request())
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert problem(answer) == {
        "type": "urn:stream-coach:route-not-found",
        "title": "Not Found",
        "status": 404,
        "detail": "there is no route '/ü'; GET /openapi.json lists them",
        "code": "ROUTE_NOT_FOUND",
        "retryable": False,
        "requestId": "r-1",
    }


def test_a_client_that_reads_events_gets_the_error_as_one() -> None:
    answer = http_errors.refusal(ConversationBusy("t-1"), request("text/event-stream, */*;q=0.1"))
    assert answer.status == 409
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert body_of(answer) == (
        b'data: {"type":"error","code":"CONVERSATION_BUSY","message":"turn \'t-1\' of this conversation is '
        b'still running; attach to it or cancel it","retryable":true,"turnId":"t-1"}\n\n'
    )


def test_a_busy_conversation_names_the_turn_to_attach_to() -> None:
    assert problem(http_errors.refusal(ConversationBusy("t-1"), request()))["turnId"] == "t-1"


@pytest.mark.parametrize(
    ("error", "header", "value"),
    [
        (MissingAuthHeader(), "www-authenticate", "Bearer"),
        (TokenExpired(), "www-authenticate", "Bearer"),
        (MethodNotAllowed("PUT", allowed=("GET", "POST")), "allow", "GET, POST"),
        (RateLimited(retry_after_s=17), "retry-after", "17"),
        (BudgetExceeded(retry_after_s=17), "retry-after", "17"),
        (ConversationBusy("t-1"), "retry-after", "2"),
        (StoreUnavailable("away"), "retry-after", "1"),
        (KeysUnavailable(), "retry-after", "1"),
    ],
)
@pytest.mark.parametrize("accept", ["", "text/event-stream"])
def test_what_a_client_can_act_on_is_in_a_header(error: Any, header: str, value: str, accept: str) -> None:
    assert http_errors.refusal(error, request(accept)).headers[header] == value


@pytest.mark.parametrize("error", [RouteNotFound("/x"), TurnError("oops")])
def test_there_is_nothing_to_wait_for_when_waiting_does_not_help(error: Any) -> None:
    assert "retry-after" not in http_errors.refusal(error, request()).headers


def test_a_request_that_could_not_be_read_has_no_id() -> None:
    assert "requestId" not in problem(http_errors.refusal(TurnError("oops"), None))


def test_a_fault_of_ours_is_told_in_fixed_words() -> None:
    answer = http_errors.unforeseen(request())
    assert (answer.status, problem(answer)["code"]) == (500, "PROCESSING_ERROR")
    assert problem(answer)["detail"] == "something went wrong on our side; try again"


def test_a_problem_may_hold_what_was_kept_of_an_answer() -> None:
    error = Error("DEADLINE", "over", retryable=True, turn_id="t-1", saved_content="So far")
    answer = http_errors.problem(error, request())
    assert answer.status == 504
    assert (problem(answer)["savedContent"], problem(answer)["turnId"]) == ("So far", "t-1")


def test_a_direct_invocation_gets_the_document_alone() -> None:
    raw = b"".join(http_errors.raw_problem(RouteNotFound("/x"), request()))
    assert json.loads(raw)["code"] == "ROUTE_NOT_FOUND"


def test_an_unknown_code_is_a_fault_of_ours() -> None:
    assert http_errors.problem(Error("NEW", "new", retryable=False), request()).status == 500
