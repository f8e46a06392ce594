"""A SQLite file with exclusive access for writing, as the source or the target of a copy."""

import sqlite3
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path

import msgspec

from gateway.store.columns import COLUMNS, columns
from gateway.store.copying import WAIT_SECONDS, CopiedTable, LogState, Row
from gateway.store.documents import identities
from gateway.store.errors import UnusableDatabaseError
from gateway.store.migrate import REVISIONS
from gateway.store.sqlite.connection import close_writer, open_writer
from gateway.store.sqlite.write_lock import write_lock

_SELECT = {
    CopiedTable.OPERATIONS: (
        "SELECT seq, CAST(document AS BLOB) FROM operations ORDER BY seq LIMIT -1 OFFSET ?"
    ),
    CopiedTable.CHANGES: (
        "SELECT position, operation_seq, operation_id, kind, at, version, CAST(before AS BLOB),"
        " CAST(document AS BLOB) FROM changes ORDER BY position LIMIT -1 OFFSET ?"
    ),
    CopiedTable.IDEMPOTENCY_KEYS: (
        "SELECT key, fingerprint, operation_id, CAST(document AS BLOB), created_at"
        " FROM idempotency_keys ORDER BY key LIMIT -1 OFFSET ?"
    ),
    CopiedTable.FORWARDS: (
        "SELECT calls, headers, body, received_at, attempts, due_at"
        " FROM forwards ORDER BY number LIMIT -1 OFFSET ?"
    ),
}
_INSERT = {
    CopiedTable.OPERATIONS: (
        f"INSERT INTO operations (seq, {', '.join(COLUMNS)}, document)"  # noqa: S608  ours
        f" VALUES (?, {', '.join('?' for _ in COLUMNS)}, CAST(? AS TEXT))"
    ),
    CopiedTable.CHANGES: (
        "INSERT INTO changes (position, operation_seq, operation_id, kind, at, version, before,"
        " document) VALUES (?, ?, ?, ?, ?, ?, CAST(? AS TEXT), CAST(? AS TEXT))"
    ),
    CopiedTable.IDEMPOTENCY_KEYS: (
        "INSERT INTO idempotency_keys (key, fingerprint, operation_id, document, created_at)"
        " VALUES (?, ?, ?, CAST(? AS TEXT), ?)"
    ),
    CopiedTable.FORWARDS: (
        "INSERT INTO forwards (calls, headers, body, received_at, attempts, due_at)"
        " VALUES (?, ?, ?, ?, ?, ?)"
    ),
}
_COUNT = {table: f"SELECT count(*) FROM {table.value}" for table in CopiedTable}  # noqa: S608  ours
_CLEAR = {table: f"DELETE FROM {table.value}" for table in CopiedTable}  # noqa: S608  ours
_IDENTIFY = "INSERT OR IGNORE INTO identities (id, kind, operation_seq) VALUES (?, ?, ?)"
_STATE = """
SELECT id, pruned, coalesce((SELECT max(position) FROM changes), pruned),
  coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'operations'), 0)
FROM change_log
"""
_NEXT = "INSERT INTO sqlite_sequence (name, seq) VALUES ('operations', ?), ('changes', ?)"


class SQLiteExclusive:
    """A store in a file whose write lock is held."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self._connection = connection

    async def log_state(self) -> LogState:
        """Return the state of the store."""
        return LogState(*self._only(_STATE))

    async def count(self, table: CopiedTable) -> int:
        """Return how many rows a table has."""
        (count,) = self._only(_COUNT[table])
        return int(count)

    async def rows(self, table: CopiedTable, skip: int = 0) -> AsyncGenerator[Row, None]:
        """Yield the rows of a table in the order of its key, after the first ``skip``."""
        with (
            self._failing_as_unusable(),
            closing(self._connection.execute(_SELECT[table], (skip,))) as found,
        ):
            while (row := found.fetchone()) is not None:
                yield row

    def stored(self, _table: CopiedTable, row: Row) -> Row:
        """Return a row as it is."""
        return row

    async def revision(self) -> str:
        """Return the revision of the tables, or the mark of an unfinished copy."""
        (revision,) = self._only("SELECT version_num FROM alembic_version")
        return str(revision)

    async def begin(self, state: LogState) -> None:
        """Mark the store as an unfinished copy of one in this state."""
        with self._transaction() as connection:
            connection.execute("UPDATE alembic_version SET version_num = ?", (state.mark,))

    async def insert(self, table: CopiedTable, rows: Sequence[Row]) -> None:
        """Add rows, in one transaction."""
        with self._transaction() as connection:
            if table is not CopiedTable.OPERATIONS:
                connection.executemany(_INSERT[table], rows)
                return
            read = [(seq, msgspec.json.decode(document), document) for seq, document in rows]
            connection.executemany(
                _INSERT[table],
                ((seq, *columns(document), stored) for seq, document, stored in read),
            )
            connection.executemany(
                _IDENTIFY,
                (
                    (*identity, seq)
                    for seq, document, _ in read
                    for identity in identities(document)
                ),
            )

    async def clear(self, table: CopiedTable) -> None:
        """Remove the rows of a table."""
        with self._transaction() as connection:
            connection.execute(_CLEAR[table])

    async def finish(self, state: LogState) -> None:
        """Set the state of the source and remove the mark, in one transaction."""
        with self._transaction() as connection:
            connection.execute(
                "UPDATE change_log SET id = ?, pruned = ?", (state.log, state.pruned)
            )
            connection.execute(
                "DELETE FROM sqlite_sequence WHERE name IN ('operations', 'changes')"
            )
            connection.execute(_NEXT, (state.last_seq, state.newest))
            connection.execute("UPDATE alembic_version SET version_num = ?", (REVISIONS[-1],))

    def _only(self, statement: str) -> Row:
        with self._failing_as_unusable():
            row: Row = self._connection.execute(statement).fetchone()
            return row

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._failing_as_unusable(), self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            yield self._connection

    @contextmanager
    def _failing_as_unusable(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise UnusableDatabaseError(
                f"The database {self._path} cannot be used: {error}."
            ) from error


@asynccontextmanager
async def open_exclusive(path: Path) -> AsyncIterator[SQLiteExclusive]:
    """Hold the write lock of a file inside the block: gateways that serve it cannot write."""
    with write_lock(path, WAIT_SECONDS) as lock:
        try:
            connection = open_writer(path, lock)
        except sqlite3.Error as error:
            raise UnusableDatabaseError(f"The database {path} cannot be used: {error}.") from error
        connection.text_factory = str
        try:
            with lock:
                yield SQLiteExclusive(path, connection)
        finally:
            close_writer(connection, lock)
