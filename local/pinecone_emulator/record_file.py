"""The file that outlives the emulator: each change is in it, whole, before it is answered.

SQLite, so that nothing is lost when the stack is killed, and nothing has to be saved when it stops.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from local.errors import PartFailed
from local.pinecone_emulator.records import Record

_TABLE = """
    create table if not exists record (
        namespace text, id text, vector blob, metadata text, primary key (namespace, id)
    ) without rowid
"""


class RecordFile:
    """The records of one index. It is opened for each change: nobody holds it in between."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> list[tuple[str, Record]]:
        """Return all records with their namespaces. Raises PartFailed: the file is no such file."""
        try:
            with self._opened() as database:
                rows = database.execute("select namespace, id, vector, metadata from record").fetchall()
            return [(row[0], Record(row[1], row[2], json.loads(row[3]))) for row in rows]
        except (sqlite3.Error, ValueError) as error:
            raise PartFailed(
                f"{str(self._path)!r} does not hold the vectors of a stack ({error}); remove it"
            ) from error

    def put(self, namespace: str, records: Iterable[Record]) -> None:
        rows = [(namespace, record.id, record.vector, json.dumps(record.metadata)) for record in records]
        with self._opened() as database:
            database.executemany("insert or replace into record values (?, ?, ?, ?)", rows)

    def drop(self, namespace: str, ids: Iterable[str]) -> None:
        rows = [(namespace, record_id) for record_id in ids]
        with self._opened() as database:
            database.executemany("delete from record where namespace = ? and id = ?", rows)

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        """Give the database for one transaction."""
        with closing(sqlite3.connect(self._path)) as database, database:
            # It is enough that it survives this process; that of the machine would cost milliseconds.
            database.execute("pragma synchronous = off")
            database.execute(_TABLE)
            yield database
