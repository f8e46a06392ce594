"""The change log in SQL; a change is appended by the transaction that makes it."""

import sqlite3
from contextlib import closing

import msgspec

from gateway.store import change_pages
from gateway.store.change_pages import KIND_RANKS, MAX_BYTES, MAX_SCANNED
from gateway.store.documents import Document
from gateway.store.matching import Matcher
from gateway.store.writes.rows import Row
from schema.changes import ChangeKind, ChangePage, ChangeSlice, LogBounds
from schema.scalars import DateTime


def append(
    connection: sqlite3.Connection,
    kind: ChangeKind,
    row: Row,
    at: DateTime,
    before: Document | None = None,
) -> None:
    """Append a change to an operation; for ``before``, see ``Change``."""
    seq, operation = row
    connection.execute(
        "INSERT INTO changes (operation_seq, operation_id, kind, at, version, before, document)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            seq,
            operation.id,
            KIND_RANKS[kind],
            at,
            operation.version,
            None if before is None else msgspec.json.encode(before).decode(),
            operation.document.decode(),
        ),
    )


def read_bounds(connection: sqlite3.Connection | sqlite3.Cursor) -> LogBounds:
    """Return the bounds of the log."""
    log, pruned, newest = connection.execute(
        "SELECT id, pruned, (SELECT max(position) FROM changes) FROM change_log"
    ).fetchone()
    return LogBounds(log=log, pruned=pruned, newest=pruned if newest is None else newest)


def read(connection: sqlite3.Connection, part: ChangeSlice, matcher: Matcher | None) -> ChangePage:
    """Read changes of all operations, or those whose operation matches before or after.

    The current operations are read in the same snapshot.
    """
    scanned = part.limit if matcher is None else MAX_SCANNED
    with connection:  # one snapshot
        connection.execute("BEGIN")
        start = read_bounds(connection).start(part.after, part.argument)
        records = connection.execute(
            "SELECT position, operation_id, kind, at, version, before, document"
            " FROM changes WHERE position > ? ORDER BY position LIMIT ?",
            (start.number, scanned + 1),
        )
        with closing(records):
            page = change_pages.matching(records, start, part.limit, scanned, matcher)
        return _with_operations(connection, page)


def history(connection: sqlite3.Connection, operation_id: str, part: ChangeSlice) -> ChangePage:
    """Read changes of the operations that have or had an id."""
    with connection:  # one snapshot
        connection.execute("BEGIN")
        bounds = read_bounds(connection)
        start = bounds.start(part.after, part.argument)
        records = connection.execute(
            "SELECT position, operation_id, kind, at, version, before, document"
            " FROM changes WHERE operation_seq IN ("
            "  SELECT seq FROM operations WHERE id = :id UNION ALL"
            "  SELECT operation_seq FROM changes WHERE operation_id = :id AND kind = 2"
            " ) AND position > :after ORDER BY operation_seq, position LIMIT :limit",
            {"id": operation_id, "after": start.number, "limit": part.limit + 1},
        )
        with closing(records):
            page = change_pages.first(records, start, bounds.end, part.limit)
        return _with_operations(connection, page)


def _with_operations(connection: sqlite3.Connection, page: ChangePage) -> ChangePage:
    """Set the current operations of a page's changes, each read once.

    The page ends early if they exceed ``MAX_BYTES`` together.
    """
    if not page.changes:
        return page
    ids = list(dict.fromkeys(change.operation_id for change in page.changes))
    documents: dict[str, bytes | None] = {}
    size = 0
    rows = connection.execute(
        "SELECT wanted.key, operations.document FROM json_each(?) AS wanted"
        " LEFT JOIN operations ON operations.id = wanted.value",
        (msgspec.json.encode(ids).decode(),),
    )
    with closing(rows):
        for index, document in rows:
            documents[ids[index]] = document
            size += len(document or b"")
            if size > MAX_BYTES:
                break
    return change_pages.with_operations(page, documents)
