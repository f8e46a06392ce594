"""The SQLite database of the peers: a column for each field, and JSON for nested values.

With better-sqlite3 this is faster than one JSON document per row if only some fields are selected,
and as fast if all are.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

_TABLES = """
    PRAGMA journal_mode = WAL;
    CREATE TABLE operations (
        seq INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        callId TEXT,
        clientContext TEXT,
        status TEXT NOT NULL,
        version INTEGER NOT NULL,
        createdAt TEXT NOT NULL,
        updatedAt TEXT NOT NULL,
        resultInfo TEXT,
        additionalProperties TEXT,
        participants TEXT NOT NULL
    );
    CREATE TABLE identities (
        kind TEXT NOT NULL,
        id TEXT NOT NULL,
        seq INTEGER NOT NULL,
        PRIMARY KEY (kind, id, seq)
    ) WITHOUT ROWID;
"""
_INDEXES = """
    CREATE INDEX operations_status ON operations (status);
    CREATE INDEX operations_callId ON operations (callId);
    CREATE INDEX operations_createdAt ON operations (createdAt);
    CREATE INDEX operations_updatedAt ON operations (updatedAt);
    CREATE INDEX identities_seq ON identities (seq);
    ANALYZE;
"""


def build(path: Path, operations: Iterable[dict[str, Any]]) -> None:
    """Create the database with these operations, the oldest first."""
    with sqlite3.connect(path) as connection:
        connection.executescript(_TABLES)
        for seq, operation in enumerate(operations, 1):
            connection.execute(
                "INSERT INTO operations VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    seq,
                    operation["id"],
                    operation.get("callId"),
                    operation.get("clientContext"),
                    operation["status"],
                    operation["version"],
                    operation["createdAt"],
                    operation["updatedAt"],
                    _json(operation.get("resultInfo")),
                    _json(operation.get("additionalProperties")),
                    _json(operation["participants"]),
                ),
            )
            connection.executemany(
                "INSERT OR IGNORE INTO identities VALUES (?, ?, ?)",
                [(kind, id_, seq) for kind, id_ in _identities(operation)],
            )
        connection.commit()
        connection.executescript(_INDEXES)
    connection.close()


def _json(value: object) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _identities(operation: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for participant in operation["participants"]:
        for kind, identity in participant["identity"].items():
            if isinstance(identity, dict) and "id" in identity:
                yield kind, identity["id"]
