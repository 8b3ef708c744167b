"""What a handler is told about its invocation, under the names of AWS's own Python runtime."""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from libs.lambda_runtime.errors import EventUnreadable
from libs.lambda_runtime.settings import Settings

# Lambda's own limit, for an API that gives no deadline.
LONGEST_INVOCATION_S = 900.0
LONGEST_TIME_DIGITS = 18  # past them is no time, and at last no number that Python converts


class ClientContext(NamedTuple):
    """What a mobile client sent along; each part as the JSON object that it is."""

    client: Mapping[str, Any] | None = None
    custom: Mapping[str, Any] | None = None
    env: Mapping[str, Any] | None = None


class CognitoIdentity(NamedTuple):
    """The Cognito identity that authorised the request; both parts None if there is none."""

    cognito_identity_id: str | None = None
    cognito_identity_pool_id: str | None = None


class Context(NamedTuple):
    """One invocation, as its handler sees it.

    Units   `deadline_s` seconds of `clock`, so a step of the wall clock does not move it
    """

    aws_request_id: str
    deadline_s: float
    invoked_function_arn: str = ""
    function_name: str = ""
    function_version: str = ""
    memory_limit_in_mb: int = 0
    log_group_name: str = ""
    log_stream_name: str = ""
    client_context: ClientContext | None = None
    identity: CognitoIdentity = CognitoIdentity()
    trace_id: str | None = None
    clock: Callable[[], float] = time.monotonic

    def get_remaining_time_in_millis(self) -> int:
        """Return how long Lambda lets this invocation run on; 0 when it is over."""
        return max(0, int((self.deadline_s - self.clock()) * 1000))


type Handler = Callable[[Any, Context], object]


def build_context(headers: Mapping[str, str], settings: Settings, *, deadline_s: float) -> Context:
    """Return the context that the headers of a `/next` reply describe.

    Raises  EventUnreadable
    """
    return Context(
        aws_request_id=headers["lambda-runtime-aws-request-id"],
        deadline_s=deadline_s,
        invoked_function_arn=headers.get("lambda-runtime-invoked-function-arn", ""),
        function_name=settings.function_name,
        function_version=settings.function_version,
        memory_limit_in_mb=settings.memory_limit_in_mb,
        log_group_name=settings.log_group_name,
        log_stream_name=settings.log_stream_name,
        client_context=_parse_client_context(headers),
        identity=_parse_identity(headers),
        trace_id=headers.get("lambda-runtime-trace-id"),
    )


def convert_deadline(headers: Mapping[str, str], *, epoch_s: float, monotonic_s: float) -> float:
    """Return the reply's deadline, given in milliseconds since 1970, on the monotonic clock."""
    text = headers.get("lambda-runtime-deadline-ms", "")
    if not text.isdecimal() or len(text) > LONGEST_TIME_DIGITS:
        return monotonic_s + LONGEST_INVOCATION_S
    return monotonic_s + int(text) / 1000 - epoch_s


def _parse_client_context(headers: Mapping[str, str]) -> ClientContext | None:
    fields = _parse_object(headers, "lambda-runtime-client-context")
    if fields is None:
        return None
    return ClientContext(fields.get("client"), fields.get("custom"), fields.get("env"))


def _parse_identity(headers: Mapping[str, str]) -> CognitoIdentity:
    fields = _parse_object(headers, "lambda-runtime-cognito-identity") or {}
    return CognitoIdentity(fields.get("cognitoIdentityId"), fields.get("cognitoIdentityPoolId"))


def _parse_object(headers: Mapping[str, str], name: str) -> Mapping[str, Any] | None:
    text = headers.get(name)
    if not text:
        return None
    try:
        value = json.loads(text)
    except ValueError as error:
        raise EventUnreadable(f"the header {name} is not JSON") from error
    if value is not None and not isinstance(value, dict):
        raise EventUnreadable(f"the header {name} is not a JSON object")
    return value
