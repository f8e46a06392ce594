"""Pages of the change log, made of its rows: the same for every database."""

from collections.abc import Iterable, Mapping
from itertools import takewhile
from typing import Any

from gateway.store.matching import Matcher
from schema.changes import Change, ChangeKind, ChangePage
from schema.paging import Position
from schema.resource.operation import StoredOperation

Record = tuple[Any, ...]
"""A change: its position, operation id, kind, time, version, what was before, and document.

Texts are ``bytes`` from SQLite.
"""

MAX_SCANNED = 2_000
"""How many changes are looked at in one go for what a filter takes."""
MAX_BYTES = 8_000_000
"""How much of documents is looked at in one go: a page may end before it has as many as it may."""

KINDS = (ChangeKind.CREATED, ChangeKind.UPDATED, ChangeKind.DELETED)
KIND_RANKS = {kind: rank for rank, kind in enumerate(KINDS)}
"""A kind as its column holds it."""


def matching(
    records: Iterable[Record], start: Position, limit: int, scanned: int, matcher: Matcher | None
) -> ChangePage:
    """Make a page of those that match; the records are ``scanned`` and one more, if there are."""
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


def first(records: Iterable[Record], start: Position, end: Position, limit: int) -> ChangePage:
    """Make a page of the first records, all of which are wanted, and none of which is after it."""
    taken, more = _first(records, limit)
    found = [_change(start.log, record) for record in taken]
    nowhere = start if more else end
    return ChangePage(found, more=more, end=found[-1].position if found else nowhere)


def with_operations(page: ChangePage, documents: Mapping[str, bytes | None]) -> ChangePage:
    """Set the operations of a page's changes as they are now.

    Where there is no document, because all together would be too large, the page ends.
    """
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
