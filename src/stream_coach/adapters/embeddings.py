"""The embedder port on Amazon Titan Text Embeddings V2, by Bedrock's InvokeModel."""

import hashlib
import json
import math
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from libs.memory.errors import EmbedderUnavailable
from libs.memory.ports import Embedder, Vector

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime.client import BedrockRuntimeClient

# The model takes 8,192 tokens. A token is some four bytes of most texts, and never less than one.
USUAL_BYTES: Final = 32_000
SURE_BYTES: Final = 8_000
MAX_CACHED: Final = 256


class TitanEmbedder(Embedder):
    """Embeds by one client, made at the first text, which any number of threads may share.

    Shape   a text that is too long for the model is embedded by its beginning; the vectors of the last
            `MAX_CACHED` texts are kept, the texts are not
    """

    def __init__(
        self, make_client: Callable[[], "BedrockRuntimeClient"], model_id: str, *, dimensions: int
    ) -> None:
        self._make_client, self._model_id, self._dimensions = make_client, model_id, dimensions
        self._lock = threading.Lock()
        self._client: BedrockRuntimeClient | None = None
        self._cache: OrderedDict[bytes, Vector] = OrderedDict()

    def embed(self, text: str) -> Vector:
        encoded = text.encode("utf-8", "replace")
        digest = hashlib.sha256(encoded).digest()
        with self._lock:
            if digest in self._cache:
                self._cache.move_to_end(digest)
                return self._cache[digest]
        try:
            vector = self._ask(encoded)
        except (BotoCoreError, ClientError, HTTPError, OSError, ValueError, RecursionError) as error:
            raise EmbedderUnavailable("the embedding model does not answer as it should") from error
        self._keep(digest, vector)
        return vector

    def _ask(self, text: bytes) -> Vector:
        try:
            return self._invoke(text[:USUAL_BYTES])
        except ClientError as error:
            refused = error.response.get("Error", {}).get("Code") == "ValidationException"
            if not refused or len(text) <= SURE_BYTES:
                raise
        return self._invoke(text[:SURE_BYTES])

    def _invoke(self, text: bytes) -> Vector:
        request = {
            "inputText": text.decode("utf-8", "ignore"),
            "dimensions": self._dimensions,
            "normalize": True,
        }
        answer = self._connected().invoke_model(
            modelId=self._model_id,
            contentType="application/json",
            accept="application/json",
            body=json.dumps(request),
        )
        with answer["body"] as body:
            return parse_embedding(body.read(), dimensions=self._dimensions)

    def _connected(self) -> "BedrockRuntimeClient":
        with self._lock:
            if self._client is None:
                self._client = self._make_client()
            return self._client

    def _keep(self, digest: bytes, vector: Vector) -> None:
        with self._lock:
            self._cache[digest] = vector
            if len(self._cache) > MAX_CACHED:
                self._cache.popitem(last=False)


def parse_embedding(document: bytes, *, dimensions: int) -> tuple[float, ...]:
    """Return the vector of an answer.

    Raises  ValueError: it is not JSON; EmbedderUnavailable: it holds no vector of that length
    Source  Titan Text Embeddings V2, response: `{"embedding": [float, …], "inputTextTokenCount": int}`
    """
    # Whole numbers as floats, so that one of a thousand digits is no number either.
    match json.loads(document, parse_int=float):
        case {"embedding": [*numbers]} if len(numbers) == dimensions and all(map(_is_number, numbers)):
            return tuple(numbers)
    raise EmbedderUnavailable(f"the embedding model does not answer with {dimensions} numbers")


def _is_number(value: object) -> bool:
    return isinstance(value, float) and math.isfinite(value)
