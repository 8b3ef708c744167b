"""The vector index port on Pinecone: one index, in it one namespace a person.

The SDK is imported when the first client is made: a start that needs no memories never pays for it.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import batched
from typing import TYPE_CHECKING, Any, Final

from libs.memory.errors import IndexUnavailable
from libs.memory.ports import IndexedText, IndexedType, Match, Vector, VectorIndex

if TYPE_CHECKING:
    from pinecone import Index
    from pinecone.models.vectors.vector import ScoredVector

# Each wait for the other side: a search has a place in a turn's 300 ms, a write must end in about a second.
SEARCH_TIMEOUT_S: Final = 0.3
WRITE_TIMEOUT_S: Final = 1.0
# Pinecone takes 40 KB of metadata with a vector, 2 MB of vectors or 1,000 ids at once.
MAX_TEXT_BYTES: Final = 30_000
MAX_VECTORS: Final = 32
MAX_IDS: Final = 1_000
_ROUNDING: Final = 1e-3


class PineconeIndex(VectorIndex):
    """Texts of one index through one client, which any number of threads may share.

    Shape   `type` and `text` of a vector's metadata are the adapter's own; a text over `MAX_TEXT_BYTES`
            is kept by its beginning; numbers come back as floats
    Units   `search_timeout_s` bounds each wait of a search: to connect, to write, to read
    """

    def __init__(self, host: str, api_key: str, *, search_timeout_s: float = SEARCH_TIMEOUT_S) -> None:
        self._host, self._api_key, self._search_timeout_s = host, api_key, search_timeout_s
        self._lock = threading.Lock()
        self._index: Index | None = None

    def connect(self) -> None:
        """Make the client, which the first call would else do: best when nobody waits for it.

        Units   takes 95 ms of one processor, most of them imports; opens no connection
        Raises  IndexUnavailable: the host or the key is none
        """
        with self._connected():
            return

    def close(self) -> None:
        """Close the connections; what is called after that opens new ones."""
        with self._lock:
            if self._index is not None:
                self._index.close()
            self._index = None

    def upsert(self, user_id: str, texts: Sequence[IndexedText]) -> None:
        for some in batched(texts, MAX_VECTORS, strict=False):
            vectors = [_stored(text) for text in some]
            with self._connected() as index:
                answer = index.upsert(namespace=user_id, vectors=vectors, timeout=WRITE_TIMEOUT_S)
            if answer.upserted_count != len(vectors):
                raise IndexUnavailable(f"the index took {answer.upserted_count} of {len(vectors)} texts")

    def search(
        self, user_id: str, vector: Vector, *, types: Sequence[IndexedType], limit: int
    ) -> list[Match]:
        if not types or limit < 1:
            return []
        values, wanted = list(vector), {"type": {"$in": list(types)}}
        with self._connected() as index:
            answer = index.query(
                namespace=user_id,
                vector=values,
                top_k=limit,
                filter=wanted,
                include_metadata=True,
                timeout=self._search_timeout_s,
            )
        matches = [_match(found, types) for found in answer.matches]
        return sorted(matches, key=lambda match: -match.similarity)[:limit]

    def delete(self, user_id: str, ids: Sequence[str]) -> None:
        for some in batched(ids, MAX_IDS, strict=False):
            self._delete(namespace=user_id, ids=list(some))

    def delete_where(self, user_id: str, name: str, value: str) -> None:
        self._delete(namespace=user_id, filter={name: {"$eq": value}})

    def delete_all(self, user_id: str) -> None:
        self._delete(namespace=user_id, delete_all=True)

    def _delete(self, **selected: Any) -> None:
        with self._connected() as index:
            from pinecone import NotFoundError

            try:
                index.delete(**selected, timeout=WRITE_TIMEOUT_S)
            except NotFoundError as error:
                # A namespace exists only while it holds something.
                if "namespace" not in error.message.lower():
                    raise

    @contextmanager
    def _connected(self) -> Iterator["Index"]:
        """Give the client; what goes wrong with it within the block is IndexUnavailable."""
        import httpx
        from pinecone import PineconeError

        # What is no answer of Pinecone's shows as any of the last three: not UTF-8, nested too deeply.
        foreign = (PineconeError, httpx.HTTPError, httpx.InvalidURL, OSError, ValueError, RecursionError)
        try:
            yield self._client()
        except foreign as error:
            raise IndexUnavailable("the vector index does not answer as it should") from error

    def _client(self) -> "Index":
        with self._lock:
            if self._index is None:
                self._index = _make_client(self._host, self._api_key)
            return self._index


def _make_client(host: str, api_key: str) -> "Index":
    # `Pinecone(…).index(host=…)` makes the same, and a second HTTP client beside it that nothing here uses.
    from pinecone import Index, RetryConfig

    client = Index(host=host, api_key=api_key, timeout=WRITE_TIMEOUT_S)
    # Over HTTP an index tries four times with pauses between, whatever `Pinecone(retry_config=…)` says.
    transport: Any = client._http._client._transport
    transport._config = RetryConfig(max_retries=0)
    return client


def _stored(text: IndexedText) -> dict[str, Any]:
    kept = text.text.encode("utf-8", "replace")[:MAX_TEXT_BYTES].decode("utf-8", "ignore")
    metadata = {**text.metadata, "type": text.type, "text": kept}
    return {"id": text.id, "values": list(text.vector), "metadata": metadata}


def _match(found: "ScoredVector", types: Sequence[IndexedType]) -> Match:
    """Return what was found. Raises IndexUnavailable: that is not what was asked for."""
    metadata = dict(found.metadata or {})
    kind, text = metadata.pop("type", None), metadata.pop("text", None)
    if kind in types and isinstance(text, str) and abs(found.score) < 1 + _ROUNDING:
        return Match(found.id, kind, text, max(-1.0, min(1.0, found.score)), metadata)
    raise IndexUnavailable(f"the index answers with {found.id!r}, which is no text of the types asked for")
