"""The vector index and its embedder, as the settings name them."""

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from botocore.config import Config

from libs.memory.errors import MemoryUnavailable
from libs.memory.vectors import Vectors
from stream_coach.adapters.embeddings import TitanEmbedder
from stream_coach.adapters.pinecone import PineconeIndex
from stream_coach.settings import Settings

if TYPE_CHECKING:
    from botocore.session import Session

# A turn does not wait longer than its budget for memories, whatever comes of it later.
CONNECT_TIMEOUT_S: Final = 0.5
READ_TIMEOUT_S: Final = 1


def make_vectors(settings: Settings, session: "Session", *, concurrency: int) -> Vectors | None:
    """Return the vectors, or None where no index is set up. The index's SDK is loaded beside the caller."""
    if not settings.pinecone_host:
        return None
    config = Config(
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S,
        retries={"total_max_attempts": 1},
        max_pool_connections=max(2, concurrency),
        tcp_keepalive=True,
    )
    client: Any = session.create_client("bedrock-runtime", config=config)
    model_id, dimensions = settings.embedding_model_id, settings.embedding_dimensions
    index = PineconeIndex(settings.pinecone_host, settings.pinecone_api_key)
    threading.Thread(target=_connect, args=(index,), daemon=True).start()
    embedder = TitanEmbedder(lambda: client, model_id, dimensions=dimensions)
    return Vectors(index, embedder, f"{model_id}/{dimensions}")


def _connect(index: PineconeIndex) -> None:
    # A host that is none shows again, to whoever searches.
    with suppress(MemoryUnavailable):
        index.connect()
