"""The context that the headers of `/next` describe."""

import pytest

from libs.lambda_runtime.context import (
    ClientContext,
    CognitoIdentity,
    Context,
    build_context,
    convert_deadline,
)
from libs.lambda_runtime.errors import EventUnreadable
from libs.lambda_runtime.settings import Settings

SETTINGS = Settings("127.0.0.1", 9001, "app.handler", 1, "coach", "7", 512, "/aws/lambda/coach", "stream")
HEADERS = {"lambda-runtime-aws-request-id": "request-1"}


def test_it_carries_the_functions_and_the_invocations_facts() -> None:
    headers = {
        **HEADERS,
        "lambda-runtime-invoked-function-arn": "arn:aws:lambda:eu-west-1:1:function:coach",
        "lambda-runtime-trace-id": "Root=1-2-3",
        "lambda-runtime-client-context": '{"client":{"app_title":"Coach"},"custom":{"a":1},"env":{}}',
        "lambda-runtime-cognito-identity": '{"cognitoIdentityId":"id","cognitoIdentityPoolId":"pool"}',
    }

    assert build_context(headers, SETTINGS, deadline_s=5.0) == Context(
        aws_request_id="request-1",
        deadline_s=5.0,
        invoked_function_arn="arn:aws:lambda:eu-west-1:1:function:coach",
        function_name="coach",
        function_version="7",
        memory_limit_in_mb=512,
        log_group_name="/aws/lambda/coach",
        log_stream_name="stream",
        client_context=ClientContext({"app_title": "Coach"}, {"a": 1}, {}),
        identity=CognitoIdentity("id", "pool"),
        trace_id="Root=1-2-3",
    )


def test_what_the_headers_leave_out_is_none() -> None:
    context = build_context(HEADERS, SETTINGS, deadline_s=5.0)

    assert (context.client_context, context.trace_id) == (None, None)
    assert context.identity.cognito_identity_id is None


@pytest.mark.parametrize("name", ["lambda-runtime-client-context", "lambda-runtime-cognito-identity"])
@pytest.mark.parametrize("value", ["{", "[]", "7"])
def test_a_header_that_is_no_json_object_is_unreadable(name: str, value: str) -> None:
    with pytest.raises(EventUnreadable, match=name):
        build_context({**HEADERS, name: value}, SETTINGS, deadline_s=5.0)


def test_the_deadline_moves_to_the_monotonic_clock() -> None:
    headers = {"lambda-runtime-deadline-ms": "1700000030500"}

    assert convert_deadline(headers, epoch_s=1_700_000_000.0, monotonic_s=100.0) == 130.5


@pytest.mark.parametrize(
    "headers",
    [{}, {"lambda-runtime-deadline-ms": "soon"}, {"lambda-runtime-deadline-ms": "9" * 400}],
    ids=["none", "no number", "no time"],
)
def test_without_a_deadline_lambdas_own_limit_holds(headers: dict[str, str]) -> None:
    assert convert_deadline(headers, epoch_s=1_700_000_000.0, monotonic_s=100.0) == 1000.0


def test_the_remaining_time_runs_down_to_zero() -> None:
    ticks = iter([100.0, 102.25, 200.0])
    context = Context("request-1", 103.0, clock=lambda: next(ticks))

    assert [context.get_remaining_time_in_millis() for _ in range(3)] == [3000, 750, 0]
