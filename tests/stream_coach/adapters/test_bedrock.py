import json
import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import boto3
import pytest
from botocore.config import Config
from botocore.eventstream import ChecksumMismatch
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    EventStreamError,
    ReadTimeoutError,
)
from urllib3.exceptions import ProtocolError

from libs.coach_conversation import router
from libs.coach_conversation.errors import (
    ModelFailed,
    ModelRefused,
    ModelStreamInterrupted,
    ModelThrottled,
    ModelUnavailable,
    TurnFailed,
)
from libs.coach_conversation.ports import (
    Delta,
    Metered,
    ModelCall,
    ModelEvent,
    Prompt,
    PromptMessage,
    Stop,
    Tool,
    ToolAnswer,
)
from libs.coach_conversation.types import Usage
from local.bedrock_emulator.eventstream import CONTENT_TYPE, encode_event, encode_frame, encode_text_delta
from stream_coach.adapters.bedrock import BedrockCall, BedrockModel
from tests.fakes.executors import ThreadExecutor
from tests.local.bedrock_emulator.conftest import Emulator
from tests.stream_coach.adapters.scripted_server import (
    ScriptedServer,
    begun_answer,
    http_answer,
    self_signed,
    serving,
)

NOVA: Final = "us.amazon.nova-micro-v1:0"
SONNET: Final = "us.anthropic.claude-sonnet-5-5"
TOOL: Final = Tool("route", "Report.", {"type": "object"})
PROMPT: Final = Prompt(
    model_id=NOVA,
    system=("Stable.", "Today."),
    messages=(
        PromptMessage("user", "Hi"),
        PromptMessage("assistant", "Hello."),
        PromptMessage("user", "How?"),
    ),
    max_tokens=700,
    temperature=0.7,
)
USED: Final = {"inputTokens": 1000, "outputTokens": 100, "totalTokens": 1100}
USAGE: Final = Usage(1000, 100, 0, 0, 1, 0.000049)


class Client:
    """Answers as it is told, and keeps what it was asked."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer
        self.asked: dict[str, Any] = {}

    def converse(self, **request: Any) -> Any:
        self.asked = request
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer

    converse_stream = converse


def call(answer: Any, prompt: Prompt = PROMPT) -> BedrockCall:
    client: Any = Client(answer)
    return BedrockCall(client, prompt)


def asked(prompt: Prompt) -> dict[str, Any]:
    client: Any = Client({"output": {}, "usage": USED, "stream": Stream([])})
    made = BedrockCall(client, prompt)
    made.tool_answer() if prompt.tool is not None else list(made.events())
    found: dict[str, Any] = client.asked
    return found


class Stream:
    """A response stream of these events, as frames; an error among them is raised."""

    def __init__(self, events: Iterable[Any]) -> None:
        self._events = events
        self.closed = False

        self._raw_stream = self

    def stream(self) -> Iterator[bytes]:
        for event in self._events:
            if isinstance(event, Exception):
                raise event
            ((name, payload),) = event.items()
            yield encode_event(name, payload)

    def _parse_event(self, message: Any) -> Any:
        return {message.headers[":event-type"]: json.loads(message.payload)}

    def close(self) -> None:
        self.closed = True


def delta(text: str) -> dict[str, Any]:
    return {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": text}}}


# The request


def test_a_prompt_becomes_this_request() -> None:
    assert asked(replace(PROMPT, model_id="meta.llama9-1b", temperature=None)) == {
        "modelId": "meta.llama9-1b",
        "system": [{"text": "Stable."}, {"text": "Today."}],
        "messages": [
            {"role": "user", "content": [{"text": "Hi"}]},
            {"role": "assistant", "content": [{"text": "Hello."}]},
            {"role": "user", "content": [{"text": "How?"}]},
        ],
        "inferenceConfig": {"maxTokens": 700},
    }


@pytest.mark.parametrize(
    ("temperature", "sent"), [(0.7, {"temperature": 0.7}), (0.0, {"temperature": 0.0}), (None, {})]
)
def test_a_temperature_is_sent_where_there_is_one(temperature: float | None, sent: dict[str, float]) -> None:
    assert asked(replace(PROMPT, temperature=temperature))["inferenceConfig"] == {"maxTokens": 700, **sent}


@pytest.mark.parametrize(
    ("model_id", "choice"),
    [(NOVA, {"tool": {"name": "route"}}), (SONNET, {"auto": {}}), ("meta.x", {"auto": {}})],
)
def test_a_tool_is_forced_where_the_model_allows(model_id: str, choice: dict[str, Any]) -> None:
    spec = {"name": "route", "description": "Report.", "inputSchema": {"json": {"type": "object"}}}
    assert asked(replace(PROMPT, model_id=model_id, tool=TOOL))["toolConfig"] == {
        "tools": [{"toolSpec": spec}],
        "toolChoice": choice,
    }


@pytest.mark.parametrize(
    ("stable", "model_id", "expected"),
    [
        (1, NOVA, [{"text": "Stable."}, {"cachePoint": {"type": "default"}}, {"text": "Today."}]),
        (2, SONNET, [{"text": "Stable."}, {"text": "Today."}, {"cachePoint": {"type": "default"}}]),
        (0, NOVA, [{"text": "Stable."}, {"text": "Today."}]),
        (1, "meta.x", [{"text": "Stable."}, {"text": "Today."}]),
    ],
)
def test_a_cache_point_stands_behind_the_stable_text(
    stable: int, model_id: str, expected: list[dict[str, Any]]
) -> None:
    assert asked(replace(PROMPT, stable_system=stable, model_id=model_id))["system"] == expected


# A stream


def test_a_stream_is_deltas_then_stop_then_usage() -> None:
    events = [
        {"messageStart": {"role": "assistant"}},
        delta("To "),
        delta("parallel 🏋️."),
        {"contentBlockStop": {"contentBlockIndex": 0}},
        {"messageStop": {"stopReason": "end_turn"}},
        {"metadata": {"usage": USED, "metrics": {"latencyMs": 5}}},
    ]
    stream = Stream(events)
    assert [*call({"stream": stream}).events()] == [
        Delta("To "),
        Delta("parallel 🏋️."),
        Stop("end_turn"),
        Metered(USAGE),
    ]
    assert stream.closed


def test_what_is_no_text_is_left_out() -> None:
    events = [
        delta(""),
        {"contentBlockDelta": {"delta": {"reasoningContent": {"text": "hm"}}}},
        {"contentBlockStart": {"start": {"toolUse": {"name": "x"}}}},
        {"something": {"new": 1}},
        delta("a"),
    ]
    assert [*call({"stream": Stream(events)}).events()] == [Delta("a")]


def test_cached_tokens_are_counted() -> None:
    used = {**USED, "cacheReadInputTokens": 50, "cacheWriteInputTokens": 40}
    (event,) = call({"stream": Stream([{"metadata": {"usage": used}}])}).events()
    assert isinstance(event, Metered)
    assert (event.usage.cache_read_tokens, event.usage.cache_write_tokens) == (50, 40)


def test_nothing_is_asked_before_somebody_listens() -> None:
    client: Any = Client({"stream": Stream([])})
    events = BedrockCall(client, PROMPT).events()
    assert client.asked == {}
    list(events)
    assert client.asked["modelId"] == NOVA


def test_a_stream_that_is_left_is_closed() -> None:
    stream = Stream([delta("a"), delta("b")])
    with closing(call({"stream": stream}).events()) as events:  # type: ignore[type-var]  # a generator
        next(events)
    assert stream.closed


def test_an_answer_that_is_not_streamed_comes_as_one_delta() -> None:
    answer = {
        "output": {
            "message": {"content": [{"text": "To "}, {"reasoningContent": {}}, {"text": "parallel."}]}
        },
        "stopReason": "max_tokens",
        "usage": USED,
    }
    assert [*call(answer, replace(PROMPT, streamed=False)).events()] == [
        Delta("To parallel."),
        Stop("max_tokens"),
        Metered(USAGE),
    ]


# A tool's answer


@pytest.mark.parametrize(
    ("content", "value"),
    [
        ([{"toolUse": {"name": "route", "input": {"userIntent": "question"}}}], {"userIntent": "question"}),
        ([{"text": "Let me see."}, {"toolUse": {"input": [1, "x"]}}], [1, "x"]),
        ([{"toolUse": {}}], None),
        ([{"text": "I would rather talk."}], None),
        ([], None),
    ],
)
def test_a_tool_answer_is_the_input_of_the_tool_whatever_it_is(content: list[Any], value: Any) -> None:
    answer = {"output": {"message": {"content": content}}, "usage": USED}
    assert call(answer, replace(PROMPT, tool=TOOL)).tool_answer() == ToolAnswer(value, USAGE)


def test_an_output_without_a_message_is_no_answer() -> None:
    assert call({"output": {}, "usage": USED}).tool_answer() == ToolAnswer(None, USAGE)


# Errors


def refused(code: str, status: int) -> ClientError:
    response: Any = {
        "Error": {"Code": code, "Message": "arn:aws:secret"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response, "Converse")


BEFORE: Final[list[tuple[Exception, type[TurnFailed]]]] = [
    (refused("ThrottlingException", 429), ModelThrottled),
    (refused("TooManyRequestsException", 429), ModelThrottled),
    (refused("ServiceQuotaExceededException", 400), ModelThrottled),
    (refused("ServiceUnavailableException", 503), ModelUnavailable),
    (refused("InternalServerException", 500), ModelUnavailable),
    (refused("ModelNotReadyException", 429), ModelUnavailable),
    (refused("ModelTimeoutException", 408), ModelUnavailable),
    (refused("ModelErrorException", 424), ModelUnavailable),
    (refused("ValidationException", 400), ModelRefused),
    (refused("AccessDeniedException", 403), ModelRefused),
    (refused("ResourceNotFoundException", 404), ModelRefused),
    (EndpointConnectionError(endpoint_url="https://secret"), ModelUnavailable),
    (ReadTimeoutError(endpoint_url="https://secret"), ModelUnavailable),
    (ConnectionClosedError(endpoint_url="https://secret"), ModelUnavailable),
    (OSError("secret"), ModelUnavailable),
]


def name_of(value: Any) -> str:
    if isinstance(value, ClientError):
        return str(value.response["Error"]["Code"])
    return type(value).__name__ if isinstance(value, Exception) else str(value.__name__)


@pytest.mark.parametrize(("cause", "failure"), BEFORE, ids=name_of)
@pytest.mark.parametrize(
    "ask",
    [
        lambda cause: call(cause).tool_answer(),
        lambda cause: list(call(cause).events()),
        lambda cause: list(call(cause, replace(PROMPT, streamed=False)).events()),
    ],
    ids=["tool", "stream", "whole"],
)
def test_an_error_before_the_answer_has_a_word_of_ours(
    ask: Callable[[Exception], object], cause: Exception, failure: type[TurnFailed]
) -> None:
    with pytest.raises(failure) as caught:
        ask(cause)
    assert type(caught.value) is failure
    assert caught.value.__cause__ is cause
    assert "secret" not in str(caught.value)


def broken(code: str) -> EventStreamError:
    response: Any = {"Error": {"Code": code, "Message": "arn:aws:secret"}}
    return EventStreamError(response, "ConverseStream")


@pytest.mark.parametrize(
    ("cause", "failure"),
    [
        (broken("throttlingException"), ModelThrottled),
        (broken("serviceUnavailableException"), ModelUnavailable),
        (broken("modelTimeoutException"), ModelUnavailable),
        (broken("validationException"), ModelRefused),
        (broken("internalServerException"), ModelStreamInterrupted),
        (broken("modelStreamErrorException"), ModelStreamInterrupted),
        (ProtocolError("secret"), ModelStreamInterrupted),
        (ReadTimeoutError(endpoint_url="https://secret"), ModelStreamInterrupted),
        (ChecksumMismatch(1, 2), ModelStreamInterrupted),
        (ConnectionResetError("secret"), ModelStreamInterrupted),
    ],
    ids=name_of,
)
def test_an_error_within_the_answer_has_a_word_of_ours(cause: Exception, failure: type[TurnFailed]) -> None:
    stream = Stream([delta("a"), cause])
    events = call({"stream": stream}).events()
    assert next(events) == Delta("a")
    with pytest.raises(failure) as caught:
        next(events)
    assert type(caught.value) is failure
    assert caught.value.__cause__ is cause
    assert "secret" not in str(caught.value)
    assert stream.closed


# Abandoned, over real sockets

SAID: Final = encode_text_delta("a")
ENDED: Final = (
    encode_event("messageStop", {"stopReason": "end_turn"}),
    encode_event("metadata", {"usage": USED, "metrics": {"latencyMs": 1}}),
)
STREAM: Final = begun_answer(SAID, *ENDED, content_type=CONTENT_TYPE, ended=True)
WHOLE: Final = http_answer(
    json.dumps(
        {
            "output": {"message": {"role": "assistant", "content": [{"text": "a"}]}},
            "stopReason": "end_turn",
            "usage": USED,
            "metrics": {"latencyMs": 1},
        }
    ).encode(),
    content_type="application/json",
)


def model_at(server: ScriptedServer, *, certificate: Path | None = None) -> BedrockModel:
    client = boto3.client(
        "bedrock-runtime",
        endpoint_url=f"{'https' if certificate else 'http'}://127.0.0.1:{server.port}",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        verify=str(certificate) if certificate else None,
        config=Config(retries={"total_max_attempts": 1}, read_timeout=10, proxies={}),
    )
    return BedrockModel(client)


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    return self_signed(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def executor() -> Iterator[ThreadExecutor]:
    made = ThreadExecutor()
    yield made
    made.join()


type Ask = Callable[[ModelCall], object]
ASKS: Final[list[Ask]] = [lambda made: made.tool_answer(), lambda made: list(made.events())]


@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
@pytest.mark.parametrize("ask", ASKS, ids=["tool", "stream"])
def test_a_call_that_waits_for_the_headers_is_woken(
    executor: ThreadExecutor, tls: tuple[ssl.SSLContext, Path], ask: Ask, *, secure: bool
) -> None:
    context, certificate = tls if secure else (None, None)
    with serving(b"", tls=context) as server:
        made = model_at(server, certificate=certificate).call(PROMPT)
        waiting = executor.submit(lambda: ask(made))
        assert server.asked.wait(10)
        assert not waiting.done()
        made.abandon()
        assert isinstance(waiting.exception(5), ModelUnavailable)


@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
def test_a_call_that_waits_in_the_middle_of_its_stream_is_woken(
    executor: ThreadExecutor, tls: tuple[ssl.SSLContext, Path], *, secure: bool
) -> None:
    context, certificate = tls if secure else (None, None)
    with serving(begun_answer(SAID, content_type=CONTENT_TYPE), tls=context) as server:
        made = model_at(server, certificate=certificate).call(PROMPT)
        events = made.events()
        assert next(events) == Delta("a")
        waiting: Any = executor.submit(lambda: next(events))
        made.abandon()
        assert isinstance(waiting.exception(5), ModelStreamInterrupted)


@pytest.mark.parametrize("ask", ASKS, ids=["tool", "stream"])
def test_a_call_that_was_abandoned_before_it_began_does_not_wait(executor: ThreadExecutor, ask: Ask) -> None:
    with serving(b"") as server:
        made = model_at(server).call(PROMPT)
        made.abandon()
        waiting = executor.submit(lambda: ask(made))
        assert isinstance(waiting.exception(10), ModelFailed)


def test_abandoning_twice_does_no_more(executor: ThreadExecutor) -> None:
    with serving(b"") as server:
        made = model_at(server).call(PROMPT)
        waiting = executor.submit(made.tool_answer)
        assert server.asked.wait(10)
        made.abandon()
        made.abandon()
        assert isinstance(waiting.exception(5), ModelUnavailable)
        made.abandon()


def test_abandoning_one_call_leaves_the_others_alone(executor: ThreadExecutor) -> None:
    with serving(b"", WHOLE) as server:
        model = model_at(server)
        first, second = model.call(PROMPT), model.call(PROMPT)
        waiting = executor.submit(first.tool_answer)
        assert server.asked.wait(10)
        assert second.tool_answer().usage == USAGE
        assert not waiting.done()
        first.abandon()
        assert isinstance(waiting.exception(5), ModelUnavailable)


@pytest.mark.parametrize(("ask", "answer"), [(ASKS[0], WHOLE), (ASKS[1], STREAM)], ids=["tool", "stream"])
def test_abandoning_a_call_that_is_over_leaves_its_connection_to_the_next(ask: Ask, answer: bytes) -> None:
    with serving(answer, answer, answer) as server:
        model = model_at(server)
        over = model.call(PROMPT)
        ask(over)
        ask(model.call(PROMPT))
        assert server.connections == 1
        over.abandon()
        ask(model.call(PROMPT))
        assert server.connections == 1


def test_a_stream_that_ends_without_a_stop_just_ends() -> None:
    with serving(begun_answer(SAID, content_type=CONTENT_TYPE, ended=True)) as server:
        assert [*model_at(server).call(PROMPT).events()] == [Delta("a")]


def test_a_stream_whose_bytes_are_damaged_is_interrupted() -> None:
    damaged = SAID[:-1] + bytes([SAID[-1] ^ 1])
    answer = begun_answer(damaged, content_type=CONTENT_TYPE, ended=True)
    with serving(answer) as server, pytest.raises(ModelStreamInterrupted):
        list(model_at(server).call(PROMPT).events())


def _framed(payload: bytes) -> bytes:
    headers = SAID[12 : 12 + int.from_bytes(SAID[4:8])]
    return begun_answer(encode_frame(headers, payload), SAID, content_type=CONTENT_TYPE, ended=True)


def test_a_text_with_empty_members_beside_it_is_a_text() -> None:
    with serving(_framed(b'{"delta":{"text":"b","toolUse":null}}')) as server:
        assert [*model_at(server).call(PROMPT).events()] == [Delta("b"), Delta("a")]


def test_a_stream_that_is_not_text_is_interrupted() -> None:
    with serving(_framed(b'{"delta":{"text":"\xff"}}')) as server, pytest.raises(ModelStreamInterrupted):
        list(model_at(server).call(PROMPT).events())


# Against the emulator


def said(events: Iterable[ModelEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, Delta))


def test_an_answer_is_streamed(emulator: Emulator) -> None:
    emulator.script(reply="To parallel 🏋️, and a little below.")
    events = [*BedrockModel(emulator.bedrock).call(PROMPT).events()]
    assert said(events) == "To parallel 🏋️, and a little below."
    assert events[-2] == Stop("end_turn")
    assert isinstance(events[-1], Metered)
    assert events[-1].usage.model_calls == 1
    assert events[-1].usage.output_tokens > 0
    assert events[-1].usage.cost_usd > 0


def test_an_answer_is_given_whole(emulator: Emulator) -> None:
    emulator.script(reply="To parallel.")
    events = [*BedrockModel(emulator.bedrock).call(replace(PROMPT, streamed=False)).events()]
    assert events[:2] == [Delta("To parallel."), Stop("end_turn")]


def test_the_router_is_answered(emulator: Emulator) -> None:
    prompt = router.build_prompt("I did five sets of squats at 100 kg today", [], model_id=NOVA)
    answer = BedrockModel(emulator.bedrock).call(prompt).tool_answer()
    analysis = router.parse(answer.value, "I did five sets of squats at 100 kg today", elapsed_ms=1)
    assert not analysis.router_metadata.fallback_used
    assert analysis.workout_detection.is_workout_log


@pytest.mark.parametrize(
    ("kind", "failure"),
    [
        ("throttle_before", ModelThrottled),
        ("throttlingException", ModelThrottled),
        ("serviceUnavailableException", ModelUnavailable),
        ("internalServerException", ModelStreamInterrupted),
        ("modelStreamErrorException", ModelStreamInterrupted),
        ("validationException", ModelRefused),
        ("drop", ModelStreamInterrupted),
    ],
)
def test_a_fault_of_the_service_has_a_word_of_ours(
    emulator: Emulator, kind: str, failure: type[TurnFailed]
) -> None:
    emulator.script(reply="To parallel and below.", fault={"kind": kind, "afterDeltas": 2})
    with pytest.raises(failure):
        list(BedrockModel(emulator.bedrock).call(PROMPT).events())
