"""Pages of the change log, from its rows in any database."""

from collections.abc import Iterable, Mapping
from itertools import takewhile
from typing import Any

from gateway.store.matching import Matcher
from schema.changes import Change, ChangeKind, ChangePage
from schema.paging import Position
from schema.resource.operation import StoredOperation

Record = tuple[Any, ...]
"""A change: its position, operation id, kind, time, version, former fields, and document.

Texts are ``bytes`` from SQLite.
"""

MAX_SCANNED = 2_000
"""How many changes are read for one page of those that match a filter."""
MAX_BYTES = 8_000_000
"""How many bytes of documents are read for one page, which may end early because of that."""

KINDS = (ChangeKind.CREATED, ChangeKind.UPDATED, ChangeKind.DELETED)
KIND_RANKS = {kind: rank for rank, kind in enumerate(KINDS)}
"""The kinds as stored in their column."""


def matching(
    records: Iterable[Record], start: Position, limit: int, scanned: int, matcher: Matcher | None
) -> ChangePage:
    """Return a page of the records that match, out of at most ``scanned``.

    One record more shows that the log goes on.
    """
    found: list[Change] = []
    end, scanned_bytes = start.number, 0
    for count, record in enumerate(records):
        if count == scanned or scanned_bytes > MAX_BYTES:
            return ChangePage(found, more=True, end=Position(start.log, end))
        if matcher is None or matcher.matches_change(document=record[-1], before=record[-2]):
            if len(found) == limit:
                return ChangePage(found, more=True, end=found[-1].position if found else start)
            found.append(_change(start.log, record))
        end, scanned_bytes = record[0], scanned_bytes + _size(record)
    return ChangePage(found, more=False, end=Position(start.log, end))


def first(records: Iterable[Record], start: Position, end: Position, limit: int) -> ChangePage:
    """Return a page of the first records, without a filter; ``end`` is the end of the log."""
    taken, more = _first(records, limit)
    found = [_change(start.log, record) for record in taken]
    end_if_empty = start if more else end
    return ChangePage(found, more=more, end=found[-1].position if found else end_if_empty)


def with_operations(page: ChangePage, documents: Mapping[str, bytes | None]) -> ChangePage:
    """Set the current operations of a page's changes.

    The page ends before the first whose document is missing, because all would be too large.
    """
    changes = list(takewhile(lambda change: change.operation_id in documents, page.changes))
    for change in changes:
        change.operation = _present(change.state, documents[change.operation_id])
    if len(changes) == len(page.changes):
        return page
    return ChangePage(changes, more=True, end=changes[-1].position)


def _present(state: StoredOperation, document: bytes | None) -> StoredOperation | None:
    """Return the current operation: the same object as ``state`` if that is the newest."""
    if document is None:
        return None
    return state if document == state.document else StoredOperation(document)


def _first(records: Iterable[Record], limit: int) -> tuple[list[Record], bool]:
    """Return the first records, and whether there are more."""
    taken: list[Record] = []
    size = 0
    for record in records:
        if len(taken) == limit or size > MAX_BYTES:
            return taken, True
        taken.append(record)
        size += _size(record)
    return taken, False


def _size(record: Record) -> int:
    """Return the size of a record's documents in bytes."""
    before, document = record[-2:]
    return len(document) + len(before or b"")


def _change(log: int, record: Record) -> Change:
    position, operation_id, kind, at, version, before, document = record
    return Change(
        position=Position(log, position),
        kind=KINDS[kind],
        at=_text(at),
        operation_id=_text(operation_id),
        version=version,
        before=before,
        state=StoredOperation(document),
    )


def _text(value: Any) -> Any:  # noqa: ANN401  a column's
    return value.decode() if isinstance(value, bytes) else value
