"""The Function URL over real sockets, its runtime scripted by each test."""

import hashlib
import json
import socket
from pathlib import Path
from typing import Any

import pytest

from local.function_url import FunctionNotReady
from tests.local.function_host import (
    Answer,
    Host,
    hosting,
    read_piece,
    release,
    scripted_function,
)

SSE = {"statusCode": 200, "headers": {"content-type": "text/event-stream"}}
INTEGRATION = "application/vnd.awslambda.http-integration-response"


@pytest.fixture
def host(tmp_path: Path) -> Any:
    with hosting(tmp_path) as host:
        yield host


def test_a_streamed_response_has_the_prelude_s_status_headers_and_cookies(host: Host) -> None:
    head = {"statusCode": 201, "headers": {"X-Kind": "coach"}, "cookies": ["a=1; Path=/", "b=2"]}
    answer = host.get({"prelude": head}, {"send": "hel"}, {"send": "lo"}, {"end": None})
    assert (answer.status, answer.headers["x-kind"], answer.body) == (201, "coach", b"hello")
    assert answer.headers.get_all("set-cookie") == ["a=1; Path=/", "b=2"]
    assert answer.headers["transfer-encoding"] == "chunked"
    assert answer.headers["x-amzn-requestid"]


def test_the_head_arrives_before_any_of_the_body_and_each_chunk_as_it_is_sent(host: Host) -> None:
    first, second = host.pipe(), host.pipe()
    steps: list[dict[str, Any]] = [{"prelude": SSE}, {"wait": str(first)}, {"send": "one"}]
    steps += [{"wait": str(second)}, {"send": "two"}, {"end": None}]
    response = host.send(*steps).getresponse()
    assert response.headers["content-type"] == "text/event-stream"
    release(first)
    assert read_piece(response) == b"one"
    release(second)
    assert read_piece(response) == b"two"
    assert read_piece(response) == b""


def test_a_prelude_may_be_split_anywhere_and_joined_with_the_body(host: Host) -> None:
    whole = json.dumps(SSE) + "\0" * 8 + "body"
    pieces = [{"send": piece} for piece in (whole[:1], whole[1:-9], whole[-9:-6], whole[-6:])]
    answer = host.get({"begin": INTEGRATION}, *pieces, {"end": None})
    assert (answer.status, answer.headers["content-type"], answer.body) == (200, "text/event-stream", b"body")


def test_a_raw_stream_becomes_a_200_with_the_runtime_s_content_type(host: Host) -> None:
    answer = host.get({"begin": "application/octet-stream"}, {"send": "\0\xff"}, {"end": None})
    assert (answer.status, answer.headers["content-type"]) == (200, "application/octet-stream")
    assert answer.body == b"\0\xff"


def test_a_buffered_object_with_a_status_code_is_a_response(host: Host) -> None:
    value = {"statusCode": 418, "headers": {"x-pot": "tea"}, "body": "AAE=", "isBase64Encoded": True}
    answer = host.get({"answer": value})
    assert (answer.status, answer.headers["x-pot"], answer.body) == (418, "tea", b"\0\1")
    assert answer.headers["content-length"] == "2"


def test_any_other_buffered_json_is_the_body_of_a_200(host: Host) -> None:
    answer = host.get({"answer": ["a", 1]})
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json() == ["a", 1]


@pytest.mark.parametrize("status", [204, 304])
def test_a_status_without_body_ends_at_its_head_and_the_connection_goes_on(host: Host, status: int) -> None:
    connection = host.send({"prelude": {"statusCode": status}}, {"send": "ignored"}, {"end": None})
    response = connection.getresponse()
    assert (response.status, response.read()) == (status, b"")
    assert response.headers["transfer-encoding"] is None
    connection.request("GET", "/again")
    assert json.loads(connection.getresponse().read())["rawPath"] == "/again"
    connection.close()


def test_a_head_request_gets_the_head_alone(host: Host) -> None:
    answer = host.get({"prelude": SSE}, {"send": "body"}, {"end": None}, method="HEAD")
    assert (answer.status, answer.headers["content-type"], answer.body) == (200, "text/event-stream", b"")


def test_headers_that_would_contradict_the_connection_arrive_renamed_or_not_at_all(host: Host) -> None:
    headers = {"Content-Length": "1", "Connection": "close", "Transfer-Encoding": "gzip", "Date": "then"}
    answer = host.get({"prelude": {"statusCode": 200, "headers": headers}}, {"send": "long"}, {"end": None})
    assert answer.body == b"long"
    assert answer.headers["x-amzn-remapped-content-length"] == "1"
    assert answer.headers["x-amzn-remapped-connection"] == "close"
    assert answer.headers["x-amzn-remapped-date"] == "then"
    assert answer.headers.get_all("transfer-encoding") == ["chunked"]
    assert (answer.headers["content-length"], answer.headers["connection"]) == (None, None)


def test_the_event_carries_the_path_as_it_was_received(host: Host) -> None:
    event = host.get(path="/users/a%2Fb/%C3%A9%20?q=%20a+b&q=2&empty=").json()
    assert event["rawPath"] == "/users/a%2Fb/%C3%A9%20"
    assert event["requestContext"]["http"]["path"] == "/users/a%2Fb/%C3%A9%20"
    assert event["rawQueryString"] == "q=%20a+b&q=2&empty="
    assert event["queryStringParameters"] == {"q": " a b,2", "empty": ""}


def test_a_binary_body_of_6_mb_arrives_whole_and_one_byte_more_is_refused(host: Host) -> None:
    body = bytes(range(256)) * (6 * 1024 * 1024 // 256)
    received = host.get({"digest": None}, method="POST", body=body).json()
    assert received == {"base64": True, "length": len(body), "sha256": hashlib.sha256(body).hexdigest()}
    answer = host.get(method="POST", body=body + b"x")
    assert answer.status == 413
    assert answer.json() == {
        "Message": "Request must be smaller than 6291456 bytes for the InvokeFunction operation"
    }


def test_a_body_that_is_announced_as_too_large_is_refused_before_it_is_sent(host: Host) -> None:
    client = host.connect_raw()
    client.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 9000000\r\n\r\n")
    assert client.recv(100).startswith(b"HTTP/1.1 413 ")


def test_the_runtime_gets_lambda_s_environment_and_none_of_the_developer_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    function = scripted_function(tmp_path, environment={"TABLE": "t", "_HANDLER": "mine"}, timeout_s=7)
    with hosting(tmp_path, function=function) as host:
        given = host.get({"describe": None}).json()
    environment = given["environment"]
    assert "AWS_PROFILE" not in environment
    assert (environment["TABLE"], environment["_HANDLER"]) == ("t", "app.handler")
    assert environment["LAMBDA_TASK_ROOT"] == str(tmp_path)
    assert environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "512"
    assert environment["AWS_LAMBDA_LOG_GROUP_NAME"] == "/aws/lambda/coach"
    headers = given["headers"]
    epoch_ms = given["event"]["requestContext"]["timeEpoch"]
    assert 6_000 < int(headers["lambda-runtime-deadline-ms"]) - epoch_ms < 8_000
    assert headers["lambda-runtime-invoked-function-arn"].endswith(":function:coach")
    assert headers["lambda-runtime-trace-id"].startswith(given["event"]["headers"]["x-amzn-trace-id"])
    assert headers["lambda-runtime-aws-request-id"] == given["event"]["requestContext"]["requestId"]


def test_requests_beyond_the_pollers_wait_their_turn_and_none_is_lost(host: Host) -> None:
    running = [host.pipe(), host.pipe()]
    held = [host.send({"tell": str(pipe)}, {"wait": str(pipe)}, {"answer": "held"}) for pipe in running]
    for pipe in running:
        pipe.read_bytes()
    waiting = [host.send({"answer": number}) for number in range(10)]
    for pipe in running:
        release(pipe)
    assert [Answer(connection).json() for connection in held] == ["held", "held"]
    assert [Answer(connection).json() for connection in waiting] == list(range(10))


def test_who_waits_too_long_is_throttled(tmp_path: Path) -> None:
    with hosting(tmp_path, pollers=1, queue_wait_s=0.05) as host:
        host.ready()
        pipe = host.pipe()
        held = host.send({"tell": str(pipe)}, {"wait": str(pipe)}, {"answer": "held"})
        pipe.read_bytes()
        throttled, direct = host.get(), host.invoke()
        release(pipe)
        assert Answer(held).json() == "held"
    assert (throttled.status, throttled.json()) == (429, {"Message": "Rate Exceeded."})
    assert throttled.headers["retry-after"] == "1"
    assert throttled.headers["x-amzn-errortype"] == "TooManyRequestsException"
    assert (direct.status, direct.json()["message"]) == (429, "Rate Exceeded.")


def test_as_many_run_at_once_as_all_processes_have_pollers(tmp_path: Path) -> None:
    with hosting(tmp_path, processes=2, pollers=2) as host:
        pipes = [host.pipe() for _ in range(4)]
        held = [host.send({"tell": str(pipe)}, {"wait": str(pipe)}, {"answer": 1}) for pipe in pipes]
        pids = sorted(int(pipe.read_bytes()) for pipe in pipes)
        for pipe in pipes:
            release(pipe)
        assert [Answer(connection).status for connection in held] == [200] * 4
        assert pids == sorted([*host.function_url.pids] * 2)


def test_a_slow_client_holds_back_its_own_function_alone(host: Host) -> None:
    count, written = 24_000, host.pipe()
    slow = host.send({"prelude": SSE}, {"send_many": count}, {"end": None}, {"tell": str(written)})
    response = slow.getresponse()
    assert host.get({"answer": "quick"}).json() == "quick"
    body = response.read()
    assert len(body) == count * 1024
    assert body.endswith(f"{count - 1:07d}".encode() + b"." * 1017)
    written.read_bytes()


def test_a_client_that_leaves_does_not_stop_the_function(host: Host) -> None:
    left, finished = host.pipe(), host.pipe()
    steps: list[dict[str, Any]] = [{"prelude": SSE}, {"send": "one"}, {"wait": str(left)}]
    steps += [{"send_many": 1000}, {"end": None}, {"tell": str(finished)}]
    client = host.send(*steps)
    response = client.getresponse()
    assert read_piece(response) == b"one"
    response.close()
    client.close()
    release(left)
    assert finished.read_bytes()
    assert host.reports == []


def test_a_direct_invocation_streams_the_runtime_s_bytes_prelude_included(host: Host) -> None:
    answer = host.invoke({"prelude": {"statusCode": 204}}, {"send": "body"}, {"end": None})
    assert (answer.status, answer.headers["content-type"]) == (200, INTEGRATION)
    assert answer.body == b'{"statusCode": 204}' + b"\0" * 8 + b"body"


def test_a_direct_invocation_is_passed_on_piece_by_piece(host: Host) -> None:
    gate = host.pipe()
    steps = [{"begin": "text/plain"}, {"send": "one"}, {"wait": str(gate)}, {"send": "two"}, {"end": None}]
    body = json.dumps({"steps": steps}).encode()
    client = host.send(method="POST", path="/2015-03-31/functions/coach/invocations", body=body)
    response = client.getresponse()
    assert (response.headers["content-type"], read_piece(response)) == ("text/plain", b"one")
    release(gate)
    assert response.read() == b"two"
    client.close()


def test_a_direct_event_is_handed_over_unchanged(host: Host) -> None:
    answer = host.get(method="POST", path="/2015-03-31/functions/f/invocations", body=b'[1, {"a": null}]')
    assert (answer.json(), answer.headers["content-type"]) == ([1, {"a": None}], "application/json")


def test_a_direct_event_that_is_not_json_is_refused_as_lambda_does(host: Host) -> None:
    answer = host.get(method="POST", path="/2015-03-31/functions/f/invocations", body=b"{oops")
    assert (answer.status, answer.headers["x-amzn-errortype"]) == (400, "InvalidRequestContentException")
    assert answer.json()["message"].startswith("Could not parse request body into json: ")


def test_a_taken_port_is_refused(tmp_path: Path) -> None:
    with hosting(tmp_path) as host, socket.create_server(("127.0.0.1", 0)) as taken:
        other = type(host.function_url)(scripted_function(tmp_path), log_file=tmp_path / "other.log")
        with pytest.raises(OSError, match="address already in use"):
            host.call(other.start(port=taken.getsockname()[1]))


def test_ready_tells_why_the_function_does_not_start(tmp_path: Path) -> None:
    function = scripted_function(tmp_path, environment={"START": "error"})
    refusal = pytest.raises(FunctionNotReady, match="ImportModuleError: No module named 'wings'")
    with hosting(tmp_path, function=function) as host, refusal:
        host.ready()
