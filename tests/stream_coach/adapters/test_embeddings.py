"""Titan embeddings against the emulator, and against answers that no emulator gives."""

import io
import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from libs.memory.errors import EmbedderUnavailable
from stream_coach.adapters.embeddings import MAX_CACHED, TitanEmbedder, parse_embedding
from tests.local.bedrock_emulator.conftest import running_server

MODEL = "amazon.titan-embed-text-v2:0"


class FakeClient:
    """Answers with a vector that tells the text's length; refuses texts of more bytes than `limit`."""

    def __init__(self, limit: int = 1_000_000) -> None:
        self.limit = limit
        self.asked: list[str] = []

    def invoke_model(self, *, body: str, **_: Any) -> dict[str, Any]:
        said = json.loads(body)["inputText"]
        self.asked.append(said)
        if len(said.encode()) > self.limit:
            error = {"Code": "ValidationException", "Message": "Too many input tokens"}
            raise ClientError({"Error": error}, "InvokeModel")  # type: ignore[typeddict-item]
        return {"body": closing_body({"embedding": [float(len(said))]})}


def closing_body(document: Any) -> io.BytesIO:
    return io.BytesIO(json.dumps(document).encode())


def embedder(client: Any, dimensions: int = 1) -> TitanEmbedder:
    return TitanEmbedder(lambda: client, MODEL, dimensions=dimensions)


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with (
        running_server() as port,
        closing(
            boto3.client(
                "bedrock-runtime",
                endpoint_url=f"http://127.0.0.1:{port}",
                region_name="us-east-1",
                aws_access_key_id="test",
                aws_secret_access_key="test",
                config=Config(retries={"total_max_attempts": 1}, proxies={}),
            )
        ) as client,
    ):
        yield client


def test_a_text_becomes_a_vector_of_the_wanted_length_and_of_length_one(client: Any) -> None:
    vector = embedder(client, 256).embed("My left knee hurts")
    assert len(vector) == 256
    assert sum(value * value for value in vector) == pytest.approx(1.0)


@pytest.mark.parametrize("text", ["x" * 60_000, "🏋️" * 20_000, "half \ud83d of a pair"])
def test_any_text_that_says_something_is_embedded(client: Any, text: str) -> None:
    assert len(embedder(client, 256).embed(text)) == 256


def test_a_refused_text_is_unavailable(client: Any) -> None:
    with pytest.raises(EmbedderUnavailable) as raised:
        embedder(client, 256).embed(" ")
    assert isinstance(raised.value.__cause__, ClientError)


def test_a_service_that_is_not_there_is_unavailable() -> None:
    client = boto3.client(
        "bedrock-runtime",
        endpoint_url="http://127.0.0.1:1",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}, proxies={}),
    )
    with closing(client), pytest.raises(EmbedderUnavailable):
        embedder(client).embed("knee")


def test_a_text_of_too_many_tokens_is_asked_for_again_by_its_beginning() -> None:
    client = FakeClient(limit=8_000)
    assert embedder(client).embed("ü" * 20_000) == (4_000.0,)
    assert [len(text.encode()) for text in client.asked] == [32_000, 8_000]


def test_a_short_text_that_is_refused_is_not_asked_for_again() -> None:
    client = FakeClient(limit=1)
    with pytest.raises(EmbedderUnavailable):
        embedder(client).embed("knee")
    assert client.asked == ["knee"]


def test_the_same_text_is_asked_for_once() -> None:
    client = FakeClient()
    titan = embedder(client)
    assert [titan.embed(text) for text in ("knee", "knees", "knee")] == [(4.0,), (5.0,), (4.0,)]
    assert client.asked == ["knee", "knees"]


def test_what_was_not_asked_for_longest_is_forgotten_first() -> None:
    client = FakeClient()
    titan = embedder(client)
    for number in range(MAX_CACHED):
        titan.embed(str(number))
    titan.embed("0")
    titan.embed("one more")
    client.asked.clear()
    for text in ("0", "2", "1"):
        titan.embed(text)
    assert client.asked == ["1"]


def test_a_failure_is_not_remembered() -> None:
    client = FakeClient(limit=1)
    titan = embedder(client)
    with pytest.raises(EmbedderUnavailable):
        titan.embed("knee")
    client.limit = 100
    assert titan.embed("knee") == (4.0,)


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"<html>",
        b"\xff",
        b"[" * 100_000,
        b"null",
        b"{}",
        b'{"embedding":null}',
        b'{"embedding":[1.0]}',
        b'{"embedding":[1.0,2.0,3.0]}',
        b'{"embedding":[1.0,"2.0"]}',
        b'{"embedding":[1.0,true]}',
        b'{"embedding":[1.0,NaN]}',
        b'{"embedding":[1.0,1e999]}',
        b'{"embedding":[1.0,' + b"9" * 5_000 + b"]}",
    ],
    ids=lambda document: document[:24],
)
def test_garbage_is_unavailable(document: bytes) -> None:
    class Client:
        def invoke_model(self, **_: Any) -> dict[str, Any]:
            return {"body": io.BytesIO(document)}

    with pytest.raises(EmbedderUnavailable):
        embedder(Client(), 2).embed("knee")


def test_whole_numbers_are_numbers() -> None:
    assert parse_embedding(b'{"embedding":[0,-1,0.5]}', dimensions=3) == (0.0, -1.0, 0.5)
