"""InvokeModel for Titan text embeddings v2, with a smaller model behind it (`local/embedders.py`).

The answer has as many numbers as were asked for, although all-MiniLM-L6-v2 has 384: what a client stores and
compares must fit the index that it made for Titan.

Source  Titan Text Embeddings V2: 256, 512 or 1024 dimensions, 8,192 tokens or 50,000 characters of text
"""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from local.bedrock_emulator.errors import BedrockError
from local.bedrock_emulator.usage import count_tokens
from local.embedders import Embedder

MAX_TOKENS: Final = 8_192
MAX_CHARACTERS: Final = 50_000


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
    # Vectors are of length one in any case: the models behind this have no other.
    (embedding,) = embedder.embed_all([request.input_text], dimensions=request.dimensions)
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
