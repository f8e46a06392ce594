"""Pages of a list, selected in one statement with the end of the change log."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import CompoundSelect, Select, case, func, null, select, union_all

from gateway.store.page_bytes import LONGEST_READ, too_long
from gateway.store.queries import Columns
from gateway.store.selecting import Fields, ordered
from gateway.store.tables import change_log, changes, operations
from schema.paging import Keys, Page, Position, Slice
from schema.resource.operation import StoredOperation
from schema.resource.operation_lists import SelectedOperations

_VALUES = 2
"""The place of the first value in a row, after the id of the log and its newest position."""


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
    if found and not fields and found[0][_VALUES] is None:
        raise too_long()
    more = len(found) > part.limit
    if more:
        found.pop()
    if part.backward:
        found.reverse()
    return Page(
        SelectedOperations(fields, [*map(_values_of(fields), found)])
        if fields
        else [StoredOperation(record[_VALUES]) for record in found],
        _PageKeys(found, _VALUES + (len(fields) or 1)),
        more=more,
        position=Position(end[0], end[1]),
    )


@lru_cache(1_024)
def _values_of(fields: Fields) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    """Return a function that reads the values of fields, in their order, from a row."""
    columns = ordered(fields)
    first, *others = (_VALUES + columns.index(name) for name in fields)
    return itemgetter(first, *others) if others else lambda row: (row[first],)


class _PageKeys(Sequence[Keys]):
    """The keys of a page's rows, which are their values from ``first`` on."""

    def __init__(self, records: Sequence[Any], first: int) -> None:
        self._records = records
        self._first = first

    def __getitem__(self, index: Any) -> Any:  # noqa: ANN401  Sequence's
        found, keys = self._records[index], slice(self._first, None)
        return [record[keys] for record in found] if isinstance(index, slice) else found[keys]

    def __len__(self) -> int:
        return len(self._records)
