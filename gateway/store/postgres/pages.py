"""Pages of a list, selected in one statement with the end of the change log."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import CompoundSelect, Select, case, func, null, select, union_all

from gateway.store.page_bytes import LONGEST_READ, too_long
from gateway.store.queries import Columns
from gateway.store.selecting import Fields
from gateway.store.tables import change_log, changes, operations
from schema.paging import Keys, Page, Position, Slice
from schema.resource.operation import SEPARATOR, StoredOperation, StoredOperations

_encode_lines = msgspec.json.Encoder().encode_lines


def select_page(rows: Select[Any], columns: Columns) -> CompoundSelect[Any]:
    """Select a row for the end of the change log, and one for each row: its values and keys.

    The row of the log has no keys. If documents are too long together, they are null; other values
    never are.
    """
    newest = select(func.max(changes.c.position)).scalar_subquery()
    end = select(change_log.c.id, func.coalesce(newest, change_log.c.pruned))
    keys = [column.label(f"key_{place}") for place, column in enumerate(columns)]
    row = rows.add_columns(*keys).subquery("row")
    values = [*row.c]
    if operations.c.document.name in row.c:
        size = func.sum(func.octet_length(row.c.document)).over()
        values[0] = case((size <= LONGEST_READ, row.c.document), else_=None)
    return union_all(
        end.add_columns(*(null() for _ in values)),
        select(null(), null(), *values),
    )


def page(records: Sequence[Any], part: Slice, fields: Fields) -> Page:
    """Read the rows of a page's query, whose values are ``fields`` or documents."""
    end = next(record for record in records if record[-1] is None)  # no sequence number
    found = [record for record in records if record is not end]
    if found and not fields and found[0][2] is None:
        raise too_long()
    more = len(found) > part.limit
    if more:
        found.pop()
    if part.backward:
        found.reverse()
    return Page(
        _partial(found, fields) if fields else [StoredOperation(record[2]) for record in found],
        _PageKeys(found, 2 + (len(fields) or 1)),
        more=more,
        position=Position(end[0], end[1]),
    )


def _partial(records: Sequence[Any], fields: Fields) -> StoredOperations:
    """Return operations whose documents have only some fields."""
    document = _document_type(fields)
    values = slice(2, 2 + len(fields))
    lines = _encode_lines([document(*record[values]) for record in records])
    return StoredOperations(lines.rstrip().replace(b"\n", SEPARATOR))


@cache  # there are at most as many as subsets of the fields
def _document_type(fields: Fields) -> type[msgspec.Struct]:
    return msgspec.defstruct("Document", fields, gc=False)


class _PageKeys(Sequence[Keys]):
    """The keys of a page's rows, which are their values from ``first`` on."""

    def __init__(self, records: Sequence[Any], first: int) -> None:
        self._records = records
        self._first = first

    def __getitem__(self, index: Any) -> Any:  # noqa: ANN401  Sequence's
        return self._records[index][self._first :]

    def __len__(self) -> int:
        return len(self._records)
