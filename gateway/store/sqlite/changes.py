"""The change log in SQL: every change is appended here, by the transaction that makes it."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from itertools import takewhile
from typing import Any

import msgspec

from gateway.store.decisions.rows import Row
from gateway.store.documents import Document
from gateway.store.matching import Matcher
from schema.changes import Change, ChangeKind, ChangePage, Span, Stretch
from schema.paging import Position
from schema.resource.operation import StoredOperation
from schema.scalars import DateTime

Record = tuple[Any, ...]

MAX_SCANNED = 2_000
"""How many changes are looked at in one go for what a filter takes."""
MAX_BYTES = 8_000_000
"""How much of documents is looked at in one go: a page may end before it has as many as it may."""

_KINDS = (ChangeKind.CREATED, ChangeKind.UPDATED, ChangeKind.DELETED)
_RANKS = {kind: rank for rank, kind in enumerate(_KINDS)}


def append(
    connection: sqlite3.Connection,
    kind: ChangeKind,
    row: Row,
    at: DateTime,
    before: Document | None = None,
) -> None:
    """Log what the transaction does to an operation; for ``before``, see ``Change``."""
    seq, operation = row
    connection.execute(
        "INSERT INTO changes (operation_seq, operation_id, kind, at, version, before, document)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            seq,
            operation.id,
            _RANKS[kind],
            at,
            operation.version,
            None if before is None else msgspec.json.encode(before).decode(),
            operation.document.decode(),
        ),
    )


def span(connection: sqlite3.Connection | sqlite3.Cursor) -> Span:
    """Return what the log holds."""
    log, pruned, newest = connection.execute(
        "SELECT id, pruned, (SELECT max(position) FROM changes) FROM change_log"
    ).fetchone()
    return Span(log=log, pruned=pruned, newest=pruned if newest is None else newest)


def read(connection: sqlite3.Connection, stretch: Stretch, matcher: Matcher | None) -> ChangePage:
    """Read changes of all operations, or those whose operation matches before or after.

    The operations as they are now are read in the same snapshot.
    """
    scanned = stretch.limit if matcher is None else MAX_SCANNED
    with connection:  # for one snapshot of all that is read
        connection.execute("BEGIN")
        start = span(connection).start(stretch.after, stretch.given_as)
        records = connection.execute(
            "SELECT position, operation_id, kind, at, version, before, document"
            " FROM changes WHERE position > ? ORDER BY position LIMIT ?",
            (start.number, scanned + 1),
        )
        with closing(records):
            page = _page(records, start, stretch.limit, scanned, matcher)
        return _with_operations(connection, page)


def _page(
    records: Iterable[Record], start: Position, limit: int, scanned: int, matcher: Matcher | None
) -> ChangePage:
    found: list[Change] = []
    end, looked_at = start.number, 0
    for count, record in enumerate(records):
        if count == scanned or looked_at > MAX_BYTES:
            return ChangePage(found, more=True, end=Position(start.log, end))
        if matcher is None or matcher.takes_change(document=record[-1], before=record[-2]):
            if len(found) == limit:
                return ChangePage(found, more=True, end=found[-1].position if found else start)
            found.append(_change(start.log, record))
        end, looked_at = record[0], looked_at + _size(record)
    return ChangePage(found, more=False, end=Position(start.log, end))


def history(connection: sqlite3.Connection, operation_id: str, stretch: Stretch) -> ChangePage:
    """Read changes of the operations that have or had this id."""
    with connection:  # for one snapshot of all that is read
        connection.execute("BEGIN")
        held = span(connection)
        start = held.start(stretch.after, stretch.given_as)
        records = connection.execute(
            "SELECT position, operation_id, kind, at, version, before, document"
            " FROM changes WHERE operation_seq IN ("
            "  SELECT seq FROM operations WHERE id = :id UNION ALL"
            "  SELECT operation_seq FROM changes WHERE operation_id = :id AND kind = 2"
            " ) AND position > :after ORDER BY operation_seq, position LIMIT :limit",
            {"id": operation_id, "after": start.number, "limit": stretch.limit + 1},
        )
        with closing(records):
            taken, more = _first(records, stretch.limit)
        found = [_change(held.log, record) for record in taken]
        nowhere = start if more else held.end
        page = ChangePage(found, more=more, end=found[-1].position if found else nowhere)
        return _with_operations(connection, page)


def _with_operations(connection: sqlite3.Connection, page: ChangePage) -> ChangePage:
    """Set the operations of a page's changes, each read once.

    If they are larger than ``MAX_BYTES`` together, the page ends before the rest.
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
    changes = list(takewhile(lambda change: change.operation_id in documents, page.changes))
    for change in changes:
        change.operation = _present(change.state, documents[change.operation_id])
    if len(changes) == len(page.changes):
        return page
    return ChangePage(changes, more=True, end=changes[-1].position)


def _present(state: StoredOperation, document: bytes | None) -> StoredOperation | None:
    """Return the operation as it is now: the same object as its state if that is the newest."""
    if document is None:
        return None
    return state if document == state.document else StoredOperation(document)


def _first(records: Iterable[Record], limit: int) -> tuple[list[Record], bool]:
    """Take the first records, and tell whether there are more."""
    taken: list[Record] = []
    size = 0
    for record in records:
        if len(taken) == limit or size > MAX_BYTES:
            return taken, True
        taken.append(record)
        size += _size(record)
    return taken, False


def _size(record: Record) -> int:
    """Tell how long its documents are, in bytes."""
    *_, before, document = record
    return len(document) + len(before or b"")


def _change(log: int, record: Record) -> Change:
    position, operation_id, kind, at, version, before, document = record
    return Change(
        position=Position(log, position),
        kind=_KINDS[kind],
        at=at.decode(),
        operation_id=operation_id.decode(),
        version=version,
        before=before,
        state=StoredOperation(document),
    )
