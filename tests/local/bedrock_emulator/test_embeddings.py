"""InvokeModel for Titan embeddings, through boto3."""

import json
import math
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.bedrock_emulator.conftest import Emulator

TITAN = "amazon.titan-embed-text-v2:0"


def invoke(emulator: Emulator, body: Any) -> dict[str, Any]:
    response = emulator.bedrock.invoke_model(modelId=TITAN, body=json.dumps(body))
    assert "lexical-only" in response["ResponseMetadata"]["HTTPHeaders"]["x-emulator-embedder"]
    with response["body"] as stream:
        answer: dict[str, Any] = json.loads(stream.read())
    return answer


def vector(emulator: Emulator, text: str, **members: Any) -> list[float]:
    embedding: list[float] = invoke(emulator, {"inputText": text} | members)["embedding"]
    return embedding


def likeness(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("dimensions", [256, 512, 1024])
def test_a_vector_has_its_dimensions_and_length_one(emulator: Emulator, dimensions: int) -> None:
    embedding = vector(emulator, "knee pain after squats", dimensions=dimensions, normalize=True)
    assert len(embedding) == dimensions
    assert math.isclose(likeness(embedding, embedding), 1.0)


def test_the_defaults_are_1024_dimensions_normalised(emulator: Emulator) -> None:
    answer = invoke(emulator, {"inputText": "knee pain"})
    assert len(answer["embedding"]) == 1024
    assert answer["inputTextTokenCount"] == 3
    assert math.isclose(likeness(answer["embedding"], answer["embedding"]), 1.0)
    assert len(vector(emulator, "knee pain", normalize=False)) == 1024


def test_shared_words_are_nearer_than_none(emulator: Emulator) -> None:
    asked = vector(emulator, "My knee hurts when I squat")
    near = vector(emulator, "knee hurt while squatting")
    far = vector(emulator, "prefers morning runs by the river")
    assert likeness(asked, near) > likeness(asked, far) + 0.2
    assert vector(emulator, "Knee PAIN") == vector(emulator, "knee pain")


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({}, "inputText"),
        ({"inputText": "  "}, "inputText"),
        ({"inputText": "x", "dimensions": 300}, "dimensions"),
        ({"inputText": "x", "texts": []}, "texts"),
        ({"inputText": "x" * 40_000}, "Too many input tokens"),
        ({"inputText": "x" * 50_001}, "inputText"),
    ],
)
def test_a_wrong_body_is_refused(emulator: Emulator, body: Any, complaint: str) -> None:
    with pytest.raises(ClientError, match=complaint) as raised:
        invoke(emulator, body)
    assert raised.value.response["Error"]["Code"] == "ValidationException"


def test_a_call_is_logged(emulator: Emulator) -> None:
    vector(emulator, "knee pain")
    (call,) = emulator.calls()
    assert (call["operation"], call["modelId"], call["request"]) == (
        "InvokeModel",
        TITAN,
        {"inputText": "knee pain"},
    )
