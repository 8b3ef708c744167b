"""Metadata filters, as Pinecone reads them."""

from typing import Any

import pytest

from local.pinecone_emulator.errors import PineconeError
from local.pinecone_emulator.filters import parse_filter

KNEE: dict[str, Any] = {
    "type": "memory",
    "year": 2026.0,
    "isPinned": True,
    "tags": ["knee", "squat"],
    "n": 1.0,
}


@pytest.mark.parametrize(
    ("expression", "fits"),
    [
        ({}, True),
        ({"type": "memory"}, True),
        ({"type": "workout"}, False),
        ({"type": {"$eq": "memory"}}, True),
        ({"type": {"$ne": "memory"}}, False),
        ({"type": {"$ne": "workout"}}, True),
        ({"type": {"$in": ["workout", "memory"]}}, True),
        ({"type": {"$in": []}}, False),
        ({"type": {"$nin": ["workout"]}}, True),
        ({"type": {"$nin": ["memory"]}}, False),
        ({"year": {"$eq": 2026}}, True),
        ({"year": {"$gt": 2025, "$lt": 2027}}, True),
        ({"year": {"$gte": 2026, "$lte": 2026}}, True),
        ({"year": {"$gt": 2026}}, False),
        ({"year": {"$lt": 2026}}, False),
        ({"type": {"$gt": 1}}, False),
        ({"isPinned": True}, True),
        ({"isPinned": False}, False),
        ({"isPinned": 1}, False),
        ({"n": True}, False),
        ({"isPinned": {"$gte": 1}}, False),
        ({"tags": "knee"}, True),
        ({"tags": {"$in": ["hip", "squat"]}}, True),
        ({"tags": {"$ne": "knee"}}, False),
        ({"tags": {"$nin": ["hip"]}}, True),
        ({"absent": "x"}, False),
        ({"absent": {"$ne": "x"}}, True),
        ({"absent": {"$nin": ["x"]}}, True),
        ({"absent": {"$lt": 1}}, False),
        ({"absent": {"$exists": False}}, True),
        ({"type": {"$exists": True}}, True),
        ({"type": "memory", "year": 2025}, False),
        ({"$and": [{"type": "memory"}, {"year": 2026}]}, True),
        ({"$and": [{"type": "memory"}, {"year": 2025}]}, False),
        ({"$or": [{"type": "workout"}, {"year": 2026}]}, True),
        ({"$or": [{"type": "workout"}, {"year": 2025}]}, False),
        ({"$or": [{"$and": [{"type": "workout"}]}, {"tags": "knee"}], "n": 1}, True),
    ],
    ids=str,
)
def test_a_filter_fits_or_not(expression: dict[str, Any], fits: bool) -> None:
    assert parse_filter(expression)(KNEE) is fits


@pytest.mark.parametrize(
    "expression",
    [
        [],
        {"$not": {}},
        {"$and": []},
        {"$or": {"type": "memory"}},
        {"$and": ["type"]},
        {"type": None},
        {"type": ["memory"]},
        {"type": {"$like": "m"}},
        {"type": {"$in": "memory"}},
        {"type": {"$in": [None]}},
        {"year": {"$gt": "2025"}},
        {"year": {"$lt": True}},
        {"year": {"$exists": 1}},
    ],
    ids=str,
)
def test_what_is_no_filter_is_refused(expression: Any) -> None:
    with pytest.raises(PineconeError):
        parse_filter(expression)
