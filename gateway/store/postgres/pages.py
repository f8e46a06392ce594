"""Pages of a list, selected in one statement with the end of the change log."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import CompoundSelect, Select, case, func, null, select, union_all

from gateway.store.page_bytes import LONGEST_READ, too_long
from gateway.store.queries import Columns
from gateway.store.tables import change_log, changes
from schema.paging import Page, Position, Slice
from schema.resource.operation import StoredOperation


def select_page(rows: Select[Any], columns: Columns) -> CompoundSelect[Any]:
    """Select a row for the end of the change log, and one for each row: its document and keys.

    The row of the log has no keys. If the documents are too long together, they are null.
    """
    newest = select(func.max(changes.c.position)).scalar_subquery()
    end = select(change_log.c.id, func.coalesce(newest, change_log.c.pruned), null())
    keys = [column.label(f"key_{place}") for place, column in enumerate(columns)]
    row = rows.add_columns(*keys).subquery("row")
    size = func.sum(func.octet_length(row.c.document)).over()
    fitting = case((size <= LONGEST_READ, row.c.document), else_=None)
    return union_all(
        end.add_columns(*(null() for _ in keys)),
        select(null(), null(), fitting, *(row.c[key.name] for key in keys)),
    )


def page(records: Sequence[Any], part: Slice) -> Page:
    """Read the rows of a page's query."""
    end = next(record for record in records if record[-1] is None)  # no sequence number
    found = [record for record in records if record is not end]
    if found and found[0][2] is None:
        raise too_long()
    more = len(found) > part.limit
    if more:
        found.pop()
    if part.backward:
        found.reverse()
    return Page(
        [StoredOperation(record[2]) for record in found],
        [record[3:] for record in found],
        more=more,
        position=Position(end[0], end[1]),
    )
