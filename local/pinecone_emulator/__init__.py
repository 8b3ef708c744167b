"""Pinecone's data plane on this machine: one index, the wire of API version 2026-07, JSON throughout.

    POST /vectors/upsert            GET /vectors/fetch      POST /query
    POST /vectors/delete            GET /vectors/list       POST /describe_index_stats
    GET, PUT    /_emulator/script   delays and faults (`script.py`)
    GET, DELETE /_emulator/calls    what was asked, vectors left out

The official SDK works unchanged with `host="http://127.0.0.1:<port>"` and any API key. Differences to
Pinecone: what was written is found at once, the first vector decides the index's dimension, and there are
no sparse vectors. Requests that Pinecone would refuse are refused here too.
"""

from local.pinecone_emulator.server import serve_pinecone

__all__ = ["serve_pinecone"]
