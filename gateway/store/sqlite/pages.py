"""Pages of a list, selected as one row, since the driver releases the GIL at every row."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, func, literal_column, select

from gateway.store.queries import Columns
from gateway.store.tables import change_log, changes
from schema.paging import Keys, Page, Position, Slice
from schema.resource.operation_lists import SEPARATOR, JoinedOperations

SEPARATOR_IN_SQL: ColumnElement[str] = literal_column(f"char({','.join(map(str, SEPARATOR))})")

Record = tuple[Any, ...]


def _keys(columns: Sequence[ColumnElement[Any]]) -> ColumnElement[Any]:
    """Return the keys of a row as JSON: a list or, for the default order, its only number."""
    return columns[0] if len(columns) == 1 else func.json_array(*columns)


def select_page(rows: Select[Any], columns: Columns) -> Select[Any]:
    """Select the number of rows, all documents and all keys as texts, and the end of the log."""
    row = rows.add_columns(_keys(columns).label("keys")).subquery("row")
    newest = select(func.max(changes.c.position)).scalar_subquery()
    return select(
        func.count(),
        func.group_concat(row.c.document, SEPARATOR_IN_SQL),
        func.group_concat(row.c["keys"], literal_column("','")),
        select(change_log.c.id).scalar_subquery(),
        func.coalesce(newest, select(change_log.c.pruned).scalar_subquery()),
    )


class _PageKeys(Sequence[Keys]):
    """The keys of a page's rows, decoded when they are first used."""

    def __init__(self, text: bytes | None, rows: slice) -> None:
        self._text = text or b""
        self._rows = rows

    @cached_property
    def _keys(self) -> list[Any]:
        keys: list[Any] = msgspec.json.decode(b"[%b]" % self._text)
        return keys[self._rows]

    def __getitem__(self, index: Any) -> Any:  # noqa: ANN401  Sequence's
        keys = self._keys[index]
        return tuple(keys) if isinstance(keys, list) else (keys,)

    def __len__(self) -> int:
        return len(self._keys)


def page(record: Record, part: Slice) -> Page:
    """Read the row of a page's query."""
    count, documents, keys, log, newest = record
    more = count > part.limit
    if more:
        documents = documents[: max(documents.rfind(SEPARATOR[0]), 0)]
    operations = JoinedOperations(documents or b"")
    rows = slice(part.limit - 1, None, -1) if part.backward and part.limit else slice(part.limit)
    return Page(
        operations[::-1] if part.backward else operations,
        _PageKeys(keys, rows),
        more=more,
        position=Position(log, newest),
    )
