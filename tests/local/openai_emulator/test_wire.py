"""What the emulator answers beside completions, to the real SDK; completions are in the model's contract."""

from collections.abc import Iterator

import httpx
import openai
import pytest

from local.openai_emulator import serve_openai
from tests.contracts.test_model_contract import served


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with served(serve_openai) as url:
        yield url


def test_the_sdk_lists_the_one_model(url: str) -> None:
    with openai.OpenAI(api_key="k", base_url=f"{url}/v1", max_retries=0) as client:
        assert [model.id for model in client.models.list()] == ["stand-in"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"model":"m"}', b'{"model":"m","messages":[]}'])
def test_a_body_that_is_no_completion_is_refused_in_openais_words(url: str, body: bytes) -> None:
    answer = httpx.post(f"{url}/v1/chat/completions", content=body, trust_env=False)
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_an_address_that_leads_nowhere_is_404(url: str) -> None:
    answer = httpx.get(f"{url}/v1/nothing", trust_env=False)
    assert (answer.status_code, answer.json()["error"]["type"]) == (404, "invalid_request_error")
