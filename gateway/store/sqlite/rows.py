"""The rows that a write reads and changes in a SQLite file."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import cast

import msgspec

from gateway.store import documents
from gateway.store.columns import COLUMNS, columns
from gateway.store.forwards import Forward
from gateway.store.sqlite import changes
from gateway.store.sqlite.forwards import enqueue
from gateway.store.writes.rows import KeyUse, Row
from schema.changes import ChangeKind
from schema.constraints import is_valid_id
from schema.resource.operation import StoredOperation
from schema.scalars import DateTime

MAX_EXPIRED = 100
"""How many expired idempotency keys a write deletes."""

_INSERT = f"""
INSERT INTO operations ({", ".join(COLUMNS)}, document)
VALUES ({", ".join("?" for _ in COLUMNS)}, ?)
"""  # noqa: S608  constants alone
_IMMUTABLE = {"id", "created_at"}
_INDEXED = {"callId": "call_id", "status": "status"}
"""The columns of fields that may change, and that are indexed."""


@cache
def _overwrite(unchanged: frozenset[str]) -> str:
    """Return the statement that sets the columns of an operation except those unchanged.

    SQLite updates the indexes of all columns that are set, even if the values stay the same.
    """
    columns = [
        f"{column} = ?{place}"
        for place, column in enumerate([*COLUMNS, "document"], 1)
        if column not in _IMMUTABLE | unchanged
    ]
    return f"UPDATE operations SET {', '.join(columns)} WHERE seq = ?{len(COLUMNS) + 2}"  # noqa: S608  constants alone


def find(connection: sqlite3.Connection, operation_id: str) -> StoredOperation | None:
    """Return the operation with this id, or None."""
    row = find_row(connection, operation_id)
    return row and row.operation


def find_row(connection: sqlite3.Connection, operation_id: str) -> Row | None:
    """Return the row of the operation with this id, or None."""
    if not is_valid_id(operation_id):
        return None
    row = connection.execute(
        "SELECT seq, document FROM operations WHERE id = ?", (operation_id,)
    ).fetchone()
    return row and Row(row[0], StoredOperation(row[1]))


class SQLiteRows:
    """The rows that a connection reads and writes, in the transaction it is in."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def find(self, operation_id: str) -> Row | None:
        """Return the operation with this id, or None."""
        return find_row(self._connection, operation_id)

    def find_in_call(
        self, call_ids: Sequence[str], client_contexts: Sequence[str]
    ) -> Sequence[Row]:
        """Return at most two operations with one of the calls and one of the contexts."""
        records = self._connection.execute(
            "SELECT seq, document FROM operations"
            " WHERE call_id IN (SELECT value FROM json_each(?))"
            " AND client_context IN (SELECT value FROM json_each(?)) LIMIT 2",
            (_json(call_ids), _json(client_contexts)),
        )
        return [Row(seq, StoredOperation(document)) for seq, document in records.fetchall()]

    def was_deleted(self, operation_ids: Sequence[str]) -> bool:
        """Return whether the change log has a deletion of one of these operations."""
        found = self._connection.execute(
            "SELECT 1 FROM changes WHERE kind = 2"
            " AND operation_id IN (SELECT value FROM json_each(?)) LIMIT 1",
            (_json(operation_ids),),
        )
        return found.fetchone() is not None

    def key_use(self, key: str, after: DateTime) -> KeyUse | None:
        """Return the use of an idempotency key, if it was after a time."""
        row = self._connection.execute(
            "SELECT fingerprint, operation_id, document FROM idempotency_keys"
            " WHERE key = ? AND created_at > ?",
            (key, after),
        ).fetchone()
        return row and KeyUse(row[0], row[1].decode(), StoredOperation(row[2]))

    def insert(self, document: documents.Document, at: DateTime) -> StoredOperation:
        """Insert an operation, whose id must be new."""
        stored = documents.write(document)
        inserted = self._connection.execute(_INSERT, (*columns(document), stored.document.decode()))
        row = Row(cast("int", inserted.lastrowid), stored)
        self._insert_identities(row.seq, document)
        changes.append(self._connection, ChangeKind.CREATED, row, at)
        return stored

    def overwrite(self, row: Row, changed: documents.Changed, at: DateTime) -> StoredOperation:
        """Replace an operation by its next version."""
        stored = documents.write(changed.document)
        unchanged = {column for field, column in _INDEXED.items() if field not in changed.before}
        self._connection.execute(
            _overwrite(frozenset(unchanged)),
            (*columns(changed.document), stored.document.decode(), row.seq),
        )
        if "participants" in changed.before:
            self._connection.execute("DELETE FROM identities WHERE operation_seq = ?", (row.seq,))
            self._insert_identities(row.seq, changed.document)
        after = Row(row.seq, stored)
        changes.append(self._connection, ChangeKind.UPDATED, after, at, changed.before)
        return stored

    def remove(self, row: Row, at: DateTime) -> None:
        """Delete an operation."""
        self._connection.execute("DELETE FROM operations WHERE seq = ?", (row.seq,))
        changes.append(self._connection, ChangeKind.DELETED, row, at)

    def remember(self, key: str, use: KeyUse, at: DateTime, expired: DateTime) -> None:
        """Store the use of a key, and delete some that were used up to ``expired``."""
        self._connection.execute(
            "DELETE FROM idempotency_keys WHERE key IN"
            " (SELECT key FROM idempotency_keys WHERE created_at <= ? LIMIT ?)",
            (expired, MAX_EXPIRED),
        )
        self._connection.execute(
            "INSERT OR REPLACE INTO idempotency_keys"
            " (key, fingerprint, operation_id, document, created_at) VALUES (?, ?, ?, ?, ?)",
            (key, use.fingerprint, use.operation_id, use.operation.document.decode(), at),
        )

    def enqueue(self, forward: Forward, limit: int, now: datetime) -> bool:
        """Queue a request to forward; return False if there are ``limit`` already."""
        return enqueue(self._connection, forward, limit, now)

    def _insert_identities(self, seq: int, document: documents.Document) -> None:
        """Insert the identities of an operation, by which an index finds it."""
        self._connection.executemany(
            "INSERT OR IGNORE INTO identities (id, kind, operation_seq) VALUES (?, ?, ?)",
            [(id_, kind, seq) for id_, kind in documents.identities(document)],
        )


def _json(texts: Sequence[str]) -> str:
    """Return texts as one parameter, from which ``json_each`` reads a list."""
    return msgspec.json.encode(texts).decode()
