"""Finding an operation by its id."""

import sqlite3
from typing import NamedTuple

from schema.constraints import may_be_id
from schema.resource.operation import StoredOperation


class Row(NamedTuple):
    """An operation, and the number of its row in the table of operations."""

    seq: int
    operation: StoredOperation


def find(connection: sqlite3.Connection, operation_id: str) -> StoredOperation | None:
    """Return the operation with this id, or None."""
    row = find_row(connection, operation_id)
    return row and row.operation


def find_row(connection: sqlite3.Connection, operation_id: str) -> Row | None:
    """Return the row of the operation with this id, or None."""
    if not may_be_id(operation_id):
        return None
    row = connection.execute(
        "SELECT seq, document FROM operations WHERE id = ?", (operation_id,)
    ).fetchone()
    return row and Row(row[0], StoredOperation(row[1]))
