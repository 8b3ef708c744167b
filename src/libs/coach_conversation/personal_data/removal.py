"""Removal: delete items, many in one transaction where they are small."""

from collections.abc import Iterable, Iterator
from typing import Final

from libs.coach_conversation.store.table import Delete, Item, Key, Table

BATCH: Final = 100
MAX_CHARACTERS: Final = 900_000
"""A transaction holds at most 100 items and 4 MB, and no character takes more than four bytes."""


def delete(found: Iterable[Item], table: Table) -> None:
    """Delete these items, whatever has become of them. Raises StoreUnavailable."""
    for batch in _batches(found):
        table.commit([Delete(key) for key in batch])


def _batches(found: Iterable[Item]) -> Iterator[list[Key]]:
    batch: list[Key] = []
    size = 0
    for item in found:
        characters = len(str(item))
        if batch and (size + characters > MAX_CHARACTERS or len(batch) == BATCH):
            yield batch
            batch, size = [], 0
        batch.append(Key(item["pk"], item["sk"]))
        size += characters
    if batch:
        yield batch
