"""What every adapter of the language model port does, over real sockets by the real SDKs."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, Final

import boto3
import httpx
import pytest
from botocore.config import Config

from libs.coach_conversation.errors import (
    ModelFailed,
    ModelRefused,
    ModelStreamInterrupted,
    ModelThrottled,
    ModelUnavailable,
)
from libs.coach_conversation.ports import (
    Delta,
    LanguageModel,
    Metered,
    ModelEvent,
    Prompt,
    PromptMessage,
    Stop,
    Tool,
)
from local import http_server
from local.bedrock_emulator import serve_bedrock
from local.embedders import HashedNgrams
from local.openai_emulator import serve_openai
from stream_coach.adapters.bedrock import BedrockModel
from stream_coach.adapters.providers import ModelsByProvider
from tests.fakes.model import FakeModel

INSTANT: Final = {"routerMs": 0, "firstTokenMs": 0, "interTokenMs": 0}
SCHEMA: Final = {
    "type": "object",
    "properties": {"userIntent": {"type": "string"}},
    "required": ["userIntent"],
}


@contextmanager
def served(serve: Callable[[], Any]) -> Iterator[str]:
    """Run an emulator on a thread of its own; yield its address."""
    loop = asyncio.new_event_loop()
    port: Future[int] = Future()
    stop = asyncio.Event()

    async def run() -> None:
        server = await serve()
        port.set_result(http_server.port_of(server))
        await stop.wait()
        await http_server.close(server)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    try:
        yield f"http://127.0.0.1:{port.result(timeout=5)}"
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(timeout=5)
        loop.close()


@dataclass(frozen=True)
class Bench:
    """An adapter and the emulator behind it."""

    model: LanguageModel
    model_id: str
    http: httpx.Client

    def script(self, **members: Any) -> None:
        assert self.http.put("/_emulator/script", json=INSTANT | members).status_code == 200

    def prompt(self, text: str = "/say One two three", **changes: Any) -> Prompt:
        known: dict[str, Any] = {
            "model_id": self.model_id,
            "system": ("Be brief.", "Be kind."),
            "messages": (PromptMessage("user", text),),
            "max_tokens": 100,
            "temperature": 0.2,
        }
        return Prompt(**known | changes)

    def events(self, **changes: Any) -> list[ModelEvent]:
        return list(self.model.call(self.prompt(**changes)).events())


@contextmanager
def bedrock(url: str) -> Iterator[tuple[LanguageModel, str]]:
    client = boto3.client(
        "bedrock-runtime",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=10, proxies={}),
    )
    with closing(client):
        yield BedrockModel(client), "us.amazon.nova-micro-v1:0"


@contextmanager
def compatible(url: str) -> Iterator[tuple[LanguageModel, str]]:
    addresses = {"COMPATIBLE_BASE_URL": f"{url}/v1"}
    models = ModelsByProvider(
        FakeModel(), lambda name: addresses.get(name, ""), read_timeout_s=10, max_connections=4
    )
    with closing(models):
        yield models, "compatible:stand-in"


KINDS: Final = {
    "bedrock": (lambda: serve_bedrock(embedder=HashedNgrams()), bedrock),
    "compatible": (serve_openai, compatible),
}


@pytest.fixture(scope="module", params=sorted(KINDS))
def running(request: pytest.FixtureRequest) -> Iterator[Bench]:
    serve, connected = KINDS[request.param]
    with (
        served(serve) as url,
        connected(url) as (model, model_id),
        httpx.Client(base_url=url, trust_env=False) as http,
    ):
        yield Bench(model, model_id, http)


@pytest.fixture
def bench(running: Bench) -> Bench:
    running.script()
    running.http.delete("/_emulator/calls")
    return running


def said(events: list[ModelEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, Delta))


@pytest.mark.parametrize("streamed", [True, False])
def test_an_answer_is_its_deltas_then_a_stop_then_what_it_used(bench: Bench, *, streamed: bool) -> None:
    *deltas, stop, metered = bench.events(streamed=streamed)
    assert said(deltas) == "One two three"
    assert len(deltas) == (3 if streamed else 1)
    assert stop == Stop("end_turn")
    assert isinstance(metered, Metered)
    assert metered.usage.input_tokens > 0
    assert (metered.usage.output_tokens, metered.usage.model_calls) == (4, 1)


def test_the_model_gets_the_conversation(bench: Bench) -> None:
    messages = (PromptMessage("user", "a"), PromptMessage("assistant", "b"), PromptMessage("user", "/say c"))
    assert said(bench.events(messages=messages)) == "c"
    [call] = bench.http.get("/_emulator/calls").json()
    request = str(call["request"])
    assert all(text in request for text in ("Be brief.", "Be kind.", "/say c", "assistant"))


def test_what_reaches_its_limit_says_so(bench: Bench) -> None:
    events = bench.events(max_tokens=1)
    assert (said(events), events[-2]) == ("One ", Stop("max_tokens"))


def test_what_is_held_back_says_so(bench: Bench) -> None:
    bench.script(fault={"kind": "guardrail_intervened"})
    assert bench.events()[-2] in (Stop("guardrail_intervened"), Stop("content_filtered"))


def test_a_forced_tool_gives_its_input(bench: Bench) -> None:
    tool = Tool("route_message", "Report.", SCHEMA)
    answer = bench.model.call(bench.prompt("How deep do I squat?", tool=tool)).tool_answer()
    assert answer.value["userIntent"] == "question"
    assert answer.usage.model_calls == 1
    bench.script(fault={"kind": "malformed_tool", "times": 2})
    bench.model.call(bench.prompt(tool=tool)).tool_answer()
    assert bench.model.call(bench.prompt(tool=tool)).tool_answer().value is None


@pytest.mark.parametrize(
    ("kind", "failure"),
    [
        ("throttle_before", ModelThrottled),
        ("throttlingException", ModelThrottled),
        ("serviceUnavailableException", ModelUnavailable),
        ("validationException", ModelRefused),
        ("internalServerException", ModelStreamInterrupted),
        ("modelStreamErrorException", ModelStreamInterrupted),
        ("drop", ModelStreamInterrupted),
    ],
)
def test_each_fault_of_a_stream_has_its_word(bench: Bench, kind: str, failure: type[ModelFailed]) -> None:
    bench.script(fault={"kind": kind, "afterDeltas": 1})
    call = bench.model.call(bench.prompt())
    heard: list[ModelEvent] = []
    with pytest.raises(failure):
        heard.extend(call.events())
    assert said(heard) == ("" if kind == "throttle_before" else "One ")


@pytest.mark.parametrize(
    ("kind", "failure"),
    [
        ("throttlingException", ModelThrottled),
        ("internalServerException", ModelUnavailable),
        ("validationException", ModelRefused),
        ("drop", ModelUnavailable),
    ],
)
def test_each_fault_of_a_whole_answer_has_its_word(
    bench: Bench, kind: str, failure: type[ModelFailed]
) -> None:
    bench.script(fault={"kind": kind})
    with pytest.raises(failure):
        bench.events(streamed=False)


def test_a_stream_that_ends_without_a_stop_says_none(bench: Bench) -> None:
    bench.script(fault={"kind": "no_message_stop", "afterDeltas": 1})
    assert [type(event) for event in bench.events()] == [Delta]


@pytest.mark.parametrize("after", [0, 1])
@pytest.mark.parametrize("streamed", [True, False])
def test_another_thread_ends_a_call_at_once(bench: Bench, after: int, *, streamed: bool) -> None:
    bench.script(fault={"kind": "silence", "afterDeltas": after}, firstTokenMs=0 if after else 60_000)
    call = bench.model.call(bench.prompt(streamed=streamed))
    events = call.events()
    if after and streamed:
        assert next(events) == Delta("One ")
    timer = threading.Timer(0.05, call.abandon)
    timer.start()
    with pytest.raises(ModelFailed):
        list(events)
    timer.join()
    bench.script()
    assert said(bench.events()) == "One two three"
