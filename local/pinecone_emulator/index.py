"""The index: what each operation does, from a request to the body of its answer."""

from collections.abc import Callable
from itertools import islice
from typing import Any, Final

from local.pinecone_emulator.errors import PineconeError
from local.pinecone_emulator.filters import parse_filter
from local.pinecone_emulator.record_file import RecordFile
from local.pinecone_emulator.records import Namespace, Record, packed
from local.pinecone_emulator.requests import (
    Delete,
    Fetch,
    Listing,
    Query,
    Stats,
    Upsert,
    parse,
)

type Operation = Callable[[Any], dict[str, Any]]

DEFAULT_NAMESPACE: Final = "__default__"
_USAGE: Final = {"usage": {"readUnits": 1}}


class Index:
    """Namespaces in memory, each change in the file too. A namespace exists while it holds something."""

    def __init__(self, file: RecordFile) -> None:
        """Read what the file holds. Raises PartFailed: it cannot be read."""
        self._file = file
        self._namespaces: dict[str, Namespace] = {}
        for name, record in file.load():
            self._namespaces.setdefault(name, Namespace()).put([record])

    @property
    def dimension(self) -> int | None:
        """The length of its vectors: that of the first one, until all are deleted."""
        return next(
            (record.dimension for namespace in self._namespaces.values() for record in namespace), None
        )

    def operation(self, method: str, path: str) -> Operation | None:
        """Return what answers a body, or a query where the method is GET; each raises PineconeError."""
        operations: dict[tuple[str, str], Operation] = {
            ("POST", "/vectors/upsert"): lambda body: self.upsert(parse(Upsert, body)),
            ("POST", "/query"): lambda body: self.query(parse(Query, body)),
            ("POST", "/vectors/delete"): lambda body: self.delete(parse(Delete, body)),
            ("GET", "/vectors/fetch"): lambda query: self.fetch(parse(Fetch, query)),
            ("GET", "/vectors/list"): lambda query: self.list(parse(Listing, query)),
            ("POST", "/describe_index_stats"): lambda body: self.stats(parse(Stats, body)),
        }
        return operations.get((method, path))

    def upsert(self, request: Upsert) -> dict[str, Any]:
        dimension = self.dimension or len(request.vectors[0].values)
        for vector in request.vectors:
            _check_dimension(len(vector.values), dimension)
        records = [
            Record(vector.id, packed(vector.values), vector.metadata or {}) for vector in request.vectors
        ]
        name = _name(request.namespace)
        self._file.put(name, records)
        self._namespaces.setdefault(name, Namespace()).put(records)
        return {"upsertedCount": len(records)}

    def query(self, request: Query) -> dict[str, Any]:
        fits = parse_filter(request.filter or {})
        namespace = self._namespaces.get(_name(request.namespace), Namespace())
        if request.vector is not None:
            _check_dimension(len(request.vector), self.dimension)
            vector: bytes | None = packed(request.vector)
        else:
            known = namespace.get(request.id or "")
            vector = known.vector if known else None
        ranked = namespace.nearest(vector) if vector else iter(())
        found = islice((pair for pair in ranked if fits(pair[0].metadata)), request.top_k)
        matches = [
            {
                "id": record.id,
                "score": score,
                "values": record.values if request.include_values else [],
                **({"metadata": record.metadata} if request.include_metadata else {}),
            }
            for record, score in found
        ]
        return {"results": [], "matches": matches, "namespace": request.namespace, **_USAGE}

    def delete(self, request: Delete) -> dict[str, Any]:
        name = _name(request.namespace)
        namespace = self._namespaces.get(name)
        if namespace is None:
            raise PineconeError("not_found", "Namespace not found")
        fits = parse_filter(request.filter or {})
        chosen = request.ids or [record.id for record in namespace if fits(record.metadata)]
        self._file.drop(name, chosen)
        namespace.drop(chosen)
        if not len(namespace):
            del self._namespaces[name]
        return {}

    def fetch(self, request: Fetch) -> dict[str, Any]:
        namespace = self._namespaces.get(_name(request.namespace), Namespace())
        found = [record for record_id in request.ids if (record := namespace.get(record_id))]
        vectors = {
            record.id: {"id": record.id, "values": record.values, "metadata": record.metadata}
            for record in found
        }
        return {"vectors": vectors, "namespace": request.namespace, **_USAGE}

    def list(self, request: Listing) -> dict[str, Any]:
        namespace = self._namespaces.get(_name(request.namespace), Namespace())
        ids = sorted(record.id for record in namespace if record.id.startswith(request.prefix))
        page = [record_id for record_id in ids if record_id > request.pagination_token][: request.limit]
        more = {"pagination": {"next": page[-1]}} if page and page[-1] != ids[-1] else {}
        listed = [{"id": record_id} for record_id in page]
        return {"vectors": listed, **more, "namespace": request.namespace, **_USAGE}

    def stats(self, _: Stats) -> dict[str, Any]:
        counts = {name: {"vectorCount": len(namespace)} for name, namespace in self._namespaces.items()}
        return {
            "namespaces": counts,
            "dimension": self.dimension,
            "indexFullness": 0.0,
            "totalVectorCount": sum(map(len, self._namespaces.values())),
            "metric": "cosine",
            "vectorType": "dense",
        }


def _name(namespace: str) -> str:
    return namespace or DEFAULT_NAMESPACE


def _check_dimension(found: int, dimension: int | None) -> None:
    if dimension is not None and found != dimension:
        message = f"Vector dimension {found} does not match the dimension of the index {dimension}"
        raise PineconeError("invalid", message)
