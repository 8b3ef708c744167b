"""InvokeModel for Titan text embeddings v2, with a stand-in for the model behind it.

Source  Titan Text Embeddings V2: 256, 512 or 1024 dimensions, 8,192 tokens or 50,000 characters of text
"""

import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Final, Literal, Protocol
from zlib import crc32

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from local.bedrock_emulator.errors import BedrockError
from local.bedrock_emulator.usage import count_tokens

MAX_TOKENS: Final = 8_192
MAX_CHARACTERS: Final = 50_000
_WORD: Final = re.compile(r"\w+")
_GRAM_SIZES: Final = (3, 4, 5)
_WORD_WEIGHT: Final = 2.0


class Embedder(Protocol):
    """Turns a text into a vector; `label` says what may be expected of its likenesses."""

    @property
    def label(self) -> str: ...

    def embed(self, text: str, *, dimensions: int) -> list[float]: ...


class HashedNgrams:
    """Hashed words and character n-grams: near for shared spelling, blind to meaning."""

    label: ClassVar[str] = "hashed-ngrams; lexical-only"

    def embed(self, text: str, *, dimensions: int) -> list[float]:
        """Return a vector that is not normalised. Frequent grams count by the square root."""
        vector = [0.0] * dimensions
        for gram, count in Counter(_grams(text)).items():
            place = crc32(gram.encode("utf-8", "replace"))
            weight = math.sqrt(count) * (_WORD_WEIGHT if gram[0] == gram[-1] == " " else 1.0)
            vector[place % dimensions] += weight if place & 0x8000_0000 else -weight
        return vector


def _grams(text: str) -> Iterator[str]:
    for word in _WORD.findall(text.casefold()):
        padded = f" {word} "
        yield padded
        for size in _GRAM_SIZES:
            yield from (padded[start : start + size] for start in range(len(padded) - size))


class TitanRequest(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, alias_generator=to_camel)

    input_text: Annotated[str, Field(max_length=MAX_CHARACTERS)]
    dimensions: Literal[256, 512, 1024] = 1024
    normalize: bool = True
    embedding_types: tuple[Literal["float"], ...] = ()


def answer_titan(body: bytes, embedder: Embedder) -> dict[str, Any]:
    """Return the answer to a Titan embedding body. Raises BedrockError (ValidationException)."""
    request = _parse(body)
    tokens = count_tokens(request.input_text)
    if tokens > MAX_TOKENS:
        raise BedrockError(
            "ValidationException",
            f"400 Bad Request: Too many input tokens. Max input tokens: {MAX_TOKENS}, request input token "
            f"count: {tokens}",
        )
    vector = embedder.embed(request.input_text, dimensions=request.dimensions)
    embedding = _normalised(vector) if request.normalize else vector
    by_type = {"embeddingsByType": {"float": embedding}} if request.embedding_types else {}
    return {"embedding": embedding, "inputTextTokenCount": tokens, **by_type}


def _parse(body: bytes) -> TitanRequest:
    try:
        request = TitanRequest.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = "/".join(str(part) for part in first["loc"])
        raise BedrockError(
            "ValidationException",
            f"Malformed input request: #/{where}: {first['msg']}, please reformat your input and try again.",
        ) from error
    if not request.input_text.strip():
        raise BedrockError(
            "ValidationException",
            "Malformed input request: #/inputText: expected minLength: 1, actual: 0, please reformat your "
            "input and try again.",
        )
    return request


def _normalised(vector: list[float]) -> list[float]:
    length = math.sqrt(sum(value * value for value in vector))
    return [value / length for value in vector] if length else vector
