"""Short reads on the event loop's thread, which take less time than a switch to another thread.

Reads of one iteration of the loop share a transaction, since beginning one costs as much as a read.
Their requests were received before the iteration began, and so before what they read; a write of
this process that completes meanwhile ends the transaction.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Concatenate, ParamSpec, TypeVar

from gateway.lru_cache import LRUCache
from gateway.store.queries import Query
from gateway.store.sqlite import changes
from gateway.store.sqlite.connection import open_loop_connection
from gateway.store.sqlite.pages import Record
from gateway.store.sqlite.reads import find_many
from schema.changes import LogBounds
from schema.constraints import is_valid_id
from schema.resource.operation import StoredOperation

P = ParamSpec("P")
T = TypeVar("T")

MAX_IDS = 32
"""How many operations are read at once; more are read on another thread."""
MAX_ROWS = 100
"""How many rows a page may have."""
MAX_BYTES = 131_072
"""How long a document may be, or the documents of a page together."""
MAX_STEPS = 10_000
"""How many instructions of SQLite's virtual machine a read may take: about a millisecond.

SQLite counts them over all executions of a statement, so it calls the progress handler in short
executions too, but only once: a second call means a long one.
"""

MAX_SECONDS = 0.002
"""How long a page's statement may take to be run on this thread again.

The progress handler does not limit it, since SQLite does not call it while it reads the file.
"""
RETRY_AFTER = 100
"""How often a statement that took longer runs on another thread before it is tried here again."""
MAX_LONG = 1_000
"""How many long statements are remembered."""

_FIND = "SELECT document FROM operations WHERE id = ?"


class NotReadError(Exception):
    """A read has to run on another thread: it is too large, or would have to wait."""


class LoopReader:
    """A read-only connection that waits for no lock and interrupts long statements."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_reading = False
        self._bounds: LogBounds | None = None
        self._long: LRUCache[str, int] = LRUCache(max_items=MAX_LONG)
        self.reads = 0
        """How many reads were made."""
        self.reopen()

    def reopen(self) -> None:
        """Open the file that is now at the path; raise ``sqlite3.Error``."""
        connection = open_loop_connection(self._path)
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_BYTES)
        connection.execute("PRAGMA cache_size = -32000")
        connection.set_progress_handler(self._is_long, MAX_STEPS)
        self._connection = connection
        self._cursor = connection.cursor()
        self._is_reading, self._bounds, self._calls = False, None, 0

    def close(self) -> None:
        """Close the connection; later reads raise ``NotReadError``."""
        self._is_reading, self._bounds = False, None
        self._connection.close()

    def find(self, operation_id: str) -> StoredOperation | None:
        """Return the operation with this id, or None; raise ``NotReadError``."""
        return self._read(_find, operation_id) if is_valid_id(operation_id) else None

    def find_many(self, operation_ids: Sequence[str]) -> dict[str, StoredOperation]:
        """Return the operations that have one of these ids, by id; raise ``NotReadError``."""
        if len(operation_ids) > MAX_IDS:
            raise NotReadError
        return self._read(find_many, operation_ids)

    def page(self, query: Query, rows: int) -> Record:
        """Return the record of a page's query for ``rows`` rows; raise ``NotReadError``."""
        sql = query.statement.sql
        if rows > MAX_ROWS or self._is_known_long(sql):
            raise NotReadError
        began = perf_counter()
        try:
            return self._read(_page, query)
        finally:
            if perf_counter() - began > MAX_SECONDS or self._calls > 1:
                self._long.put(sql, RETRY_AFTER)

    def _is_known_long(self, sql: str) -> bool:
        left = self._long.get(sql)
        if left is None:
            return False
        if left:
            self._long[sql] = left - 1
        else:
            del self._long[sql]
        return True

    def bounds(self) -> LogBounds:
        """Return the bounds of the change log; raise ``NotReadError``."""
        if self._bounds is None:
            self._bounds = self._read(changes.read_bounds)
        return self._bounds

    def end_transaction(self) -> None:
        """End the transaction, so that later reads see later changes."""
        if self._is_reading:
            self._is_reading, self._bounds = False, None
            self._connection.rollback()

    def _is_long(self) -> bool:
        self._calls += 1
        return self._calls > 1

    def _read(
        self,
        read: Callable[Concatenate[sqlite3.Cursor, P], T],
        *arguments: P.args,
        **options: P.kwargs,
    ) -> T:
        try:
            if not self._is_reading:
                self._cursor.execute("BEGIN")
                self._is_reading = True
                asyncio.get_running_loop().call_soon(self.end_transaction)
            self.reads += 1
            self._calls = 0
            return read(self._cursor, *arguments, **options)
        except sqlite3.Error as error:
            raise NotReadError from error


def _page(cursor: sqlite3.Cursor, query: Query) -> Record:
    record: Record = cursor.execute(query.statement.sql, query.parameters).fetchone()
    return record


def _find(cursor: sqlite3.Cursor, operation_id: str) -> StoredOperation | None:
    row = cursor.execute(_FIND, (operation_id,)).fetchone()
    return row and StoredOperation(row[0])
