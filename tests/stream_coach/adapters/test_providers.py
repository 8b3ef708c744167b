"""Which provider a model id names, what it needs, and how its key is sent; by the real SDK."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Final

import pytest

from libs.coach_conversation.errors import ModelFailed, ProviderNotConfigured
from libs.coach_conversation.ports import Delta, Metered, Prompt, PromptMessage, Stop
from stream_coach.adapters.providers import PROVIDERS, ModelsByProvider
from tests.fakes.model import FakeModel, answering
from tests.stream_coach.adapters.scripted_server import ScriptedServer, begun_answer, serving

SSE: Final = "text/event-stream"
SAID: Final = (
    b'data: {"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\n',
    b'data: {"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2}}\n\n',
    b"data: [DONE]\n\n",
)


def prompt(model_id: str) -> Prompt:
    return Prompt(model_id=model_id, system=(), messages=(PromptMessage("user", "Hi"),), max_tokens=50)


@contextmanager
def models(environ: Mapping[str, str], bedrock: FakeModel | None = None) -> Iterator[ModelsByProvider]:
    made = ModelsByProvider(
        bedrock or FakeModel(),
        lambda variable: environ.get(variable, ""),
        read_timeout_s=5,
        max_connections=4,
    )
    with closing(made):
        yield made


@pytest.mark.parametrize(
    ("asked", "model_id"),
    [
        ("us.amazon.nova-micro-v1:0", "us.amazon.nova-micro-v1:0"),
        ("bedrock:us.amazon.nova-micro-v1:0", "us.amazon.nova-micro-v1:0"),
        ("somebody:else", "somebody:else"),
    ],
)
def test_a_model_without_a_known_provider_is_bedrocks(asked: str, model_id: str) -> None:
    bedrock = FakeModel(answering("Hi"))
    with models({}, bedrock) as made:
        list(made.call(prompt(asked)).events())
    assert [one.model_id for one in bedrock.prompts] == [model_id]


@pytest.mark.parametrize(
    ("name", "environ", "missing"),
    [
        ("openai", {}, ("OPENAI_API_KEY",)),
        ("azure", {}, ("AZURE_OPENAI_API_KEY", "AZURE_OPENAI_ENDPOINT")),
        ("azure", {"AZURE_OPENAI_API_KEY": "k"}, ("AZURE_OPENAI_ENDPOINT",)),
        ("google", {}, ("GEMINI_API_KEY",)),
        ("compatible", {}, ("COMPATIBLE_BASE_URL",)),
    ],
)
def test_a_provider_that_is_not_set_up_says_what_is_missing(
    name: str, environ: dict[str, str], missing: tuple[str, ...]
) -> None:
    with models(environ) as made, pytest.raises(ProviderNotConfigured) as refused:
        made.call(prompt(f"{name}:m"))
    assert refused.value.missing == missing
    assert all(variable in str(refused.value) for variable in missing)


@pytest.mark.parametrize(
    ("name", "variables", "path", "key_line"),
    [
        ("openai", {"OPENAI_API_KEY": "k-1"}, "/chat/completions", b"authorization: bearer k-1"),
        ("azure", {"AZURE_OPENAI_API_KEY": "k-1"}, "/openai/v1/chat/completions", b"api-key: k-1"),
        ("google", {"GEMINI_API_KEY": "k-1"}, "/chat/completions", b"authorization: bearer k-1"),
        ("compatible", {}, "/chat/completions", b"authorization: bearer none"),
    ],
)
def test_each_provider_is_asked_at_its_address_with_its_key(
    name: str, variables: dict[str, str], path: str, key_line: bytes
) -> None:
    with serving(begun_answer(*SAID, content_type=SSE, ended=True)) as server:
        address = {PROVIDERS[name].address_variable: f"http://127.0.0.1:{server.port}"}
        with models(variables | address) as made:
            events = list(made.call(prompt(f"{name}:m")).events())
        [head] = server.heads
    assert [type(event) for event in events] == [Delta, Stop, Metered]
    assert head.startswith(f"POST {path} ".encode())
    assert key_line in head.lower()
    assert (b"authorization" in head.lower()) == (name != "azure")


def here(server: ScriptedServer) -> dict[str, str]:
    return {"COMPATIBLE_BASE_URL": f"http://127.0.0.1:{server.port}"}


def test_a_redirect_is_not_followed() -> None:
    moved = b"HTTP/1.1 307 x\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"
    with serving(moved) as server, models(here(server)) as made, pytest.raises(ModelFailed):
        list(made.call(prompt("compatible:m")).events())


def test_a_call_that_was_abandoned_before_it_began_ends_at_once() -> None:
    with serving(b"") as server, models(here(server)) as made:
        call = made.call(prompt("compatible:m"))
        call.abandon()
        with pytest.raises(ModelFailed):
            list(call.events())


def test_the_sdk_is_not_imported_before_a_model_of_it_is_asked_for() -> None:
    script = (
        "import os, sys\n"
        "os.environ |= {'AWS_DEFAULT_REGION': 'us-east-1', 'OPENAI_API_KEY': 'k'}\n"
        "from stream_coach.composition import build_app\n"
        "from stream_coach.settings import Settings\n"
        "needed = dict.fromkeys(('TABLE_NAME', 'TOKEN_ISSUER', 'TOKEN_AUDIENCE', 'JWKS_URL'), 'https://x')\n"
        "app = build_app(Settings.from_env(os.environ | needed | {'ANSWER_MODEL_ID': sys.argv[1]}))\n"
        "print('openai' in sys.modules)\n"
    )

    def imported(model_id: str) -> str:
        command = [sys.executable, "-c", script, model_id]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    assert imported("us.amazon.nova-micro-v1:0") == "False"
    assert imported("openai:gpt-5") == "True"
