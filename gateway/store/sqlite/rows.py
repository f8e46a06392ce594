"""The rows of a SQLite file: each call is carried out at once."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import cast

import msgspec

from gateway.store import documents
from gateway.store.columns import COLUMNS, columns
from gateway.store.decisions.rows import KeyUse, Row
from gateway.store.forwards import Forward
from gateway.store.sqlite import changes
from gateway.store.sqlite.forwards import enqueue
from schema.changes import ChangeKind
from schema.constraints import is_valid_id
from schema.resource.operation import StoredOperation
from schema.scalars import DateTime

FORGOTTEN_AT_ONCE = 100

_INSERT = f"""
INSERT INTO operations ({", ".join(COLUMNS)}, document)
VALUES ({", ".join("?" for _ in COLUMNS)}, ?)
"""  # noqa: S608  constants alone
_LASTING = {"id", "created_at"}
"""Columns that stay the same: SQLite writes the indexes of all that are set."""
_SET = [
    f"{column} = ?{place}"
    for place, column in enumerate([*COLUMNS, "document"], 1)
    if column not in _LASTING
]
_OVERWRITE = f"""
UPDATE operations SET {", ".join(_SET)} WHERE seq = ?{len(COLUMNS) + 2}
"""  # noqa: S608  constants alone


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
        """Return two operations at most that have one of each."""
        records = self._connection.execute(
            "SELECT seq, document FROM operations"
            " WHERE call_id IN (SELECT value FROM json_each(?))"
            " AND client_context IN (SELECT value FROM json_each(?)) LIMIT 2",
            (_json(call_ids), _json(client_contexts)),
        )
        return [Row(seq, StoredOperation(document)) for seq, document in records.fetchall()]

    def was_deleted(self, operation_ids: Sequence[str]) -> bool:
        """Return whether the change log has the deletion of an operation with one of these ids."""
        found = self._connection.execute(
            "SELECT 1 FROM changes WHERE kind = 2"
            " AND operation_id IN (SELECT value FROM json_each(?)) LIMIT 1",
            (_json(operation_ids),),
        )
        return found.fetchone() is not None

    def key_use(self, key: str, after: DateTime) -> KeyUse | None:
        """Return what an idempotency key was used for, if that was after a time."""
        row = self._connection.execute(
            "SELECT fingerprint, operation_id, document FROM idempotency_keys"
            " WHERE key = ? AND created_at > ?",
            (key, after),
        ).fetchone()
        return row and KeyUse(row[0], row[1].decode(), StoredOperation(row[2]))

    def insert(self, document: documents.Document, at: DateTime) -> StoredOperation:
        """Add an operation, whose id no other has."""
        stored = documents.write(document)
        inserted = self._connection.execute(_INSERT, (*columns(document), stored.document.decode()))
        row = Row(cast("int", inserted.lastrowid), stored)
        self._identify(row.seq, document)
        changes.append(self._connection, ChangeKind.CREATED, row, at)
        return stored

    def overwrite(self, row: Row, changed: documents.Changed, at: DateTime) -> StoredOperation:
        """Put the next version of an operation in the place of the one there is."""
        stored = documents.write(changed.document)
        self._connection.execute(
            _OVERWRITE, (*columns(changed.document), stored.document.decode(), row.seq)
        )
        if "participants" in changed.before:
            self._connection.execute("DELETE FROM identities WHERE operation_seq = ?", (row.seq,))
            self._identify(row.seq, changed.document)
        after = Row(row.seq, stored)
        changes.append(self._connection, ChangeKind.UPDATED, after, at, changed.before)
        return stored

    def remove(self, row: Row, at: DateTime) -> None:
        """Remove an operation."""
        self._connection.execute("DELETE FROM operations WHERE seq = ?", (row.seq,))
        changes.append(self._connection, ChangeKind.DELETED, row, at)

    def remember(self, key: str, use: KeyUse, at: DateTime, expired: DateTime) -> None:
        """Keep what a key was used for, and forget some that were used up to ``expired``."""
        self._connection.execute(
            "DELETE FROM idempotency_keys WHERE key IN"
            " (SELECT key FROM idempotency_keys WHERE created_at <= ? LIMIT ?)",
            (expired, FORGOTTEN_AT_ONCE),
        )
        self._connection.execute(
            "INSERT OR REPLACE INTO idempotency_keys"
            " (key, fingerprint, operation_id, document, created_at) VALUES (?, ?, ?, ?, ?)",
            (key, use.fingerprint, use.operation_id, use.operation.document.decode(), at),
        )

    def enqueue(self, forward: Forward, limit: int, now: datetime) -> bool:
        """Add to the queue of what is to be passed on; return False if it has ``limit`` already."""
        return enqueue(self._connection, forward, limit, now)

    def _identify(self, seq: int, document: documents.Document) -> None:
        """Note whom an operation invites, for an index to find it by."""
        self._connection.executemany(
            "INSERT OR IGNORE INTO identities (id, kind, operation_seq) VALUES (?, ?, ?)",
            [(id_, kind, seq) for id_, kind in documents.identities(document)],
        )


def _json(texts: Sequence[str]) -> str:
    """Write texts as SQLite takes a list of any length."""
    return msgspec.json.encode(texts).decode()
