"""Keyset pagination in SQL: an order, and the rows after a given one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, UnaryExpression, and_, false, or_, true, tuple_

from gateway.store.tables import operations
from schema.ordering import Order

Key = ColumnElement[Any] | None
"""The parameter with the value of a key, or None if the value is null."""


@dataclass(frozen=True)
class SortColumn:
    """A column to sort by, with its direction and the order of nulls."""

    column: ColumnElement[Any]
    descending: bool
    nullable: bool = False
    nulls_first: bool = False

    def reversed(self) -> "SortColumn":
        """Return the key of the opposite order."""
        return replace(self, descending=not self.descending, nulls_first=not self.nulls_first)

    def ordered(self) -> UnaryExpression[Any]:
        """Return the key for ORDER BY, with the order of nulls only if there can be nulls."""
        key = self.column.desc() if self.descending else self.column.asc()
        if not self.nullable:
            return key
        return key.nulls_first() if self.nulls_first else key.nulls_last()

    def same(self, value: Key) -> ColumnElement[bool]:
        """Return the condition that the column equals ``value``, which can be null."""
        return self.column.is_(None) if value is None else self.column == value

    def beyond(self, value: Key) -> ColumnElement[bool]:
        """Return the condition that the column is after ``value`` in this key's order."""
        if value is None:
            return self.column.is_not(None) if self.nulls_first else false()
        further = self.column < value if self.descending else self.column > value
        if self.nullable and not self.nulls_first:
            return or_(further, self.column.is_(None))
        return further

    def not_before(self, value: Key) -> ColumnElement[bool]:
        """Return the condition that the column equals ``value`` or is after it."""
        if value is None:
            return true() if self.nulls_first else self.column.is_(None)
        not_before = self.column <= value if self.descending else self.column >= value
        if self.nullable and not self.nulls_first:
            return or_(not_before, self.column.is_(None))
        return not_before


def sort_columns(order: Order, *, backward: bool) -> list[SortColumn]:
    """Return the columns of an order, the sequence number last, which makes it total.

    The sequence follows the direction of the last key; with no key at all, the newest comes first.
    """
    columns = [
        SortColumn(
            column := operations.c[key.field.attribute],
            descending=key.descending,
            nullable=bool(column.nullable),
            nulls_first=key.nulls_first,
        )
        for key in order
    ]
    descending = columns[-1].descending if columns else True
    columns.append(SortColumn(operations.c.seq, descending=descending))
    return [column.reversed() for column in columns] if backward else columns


Bound = tuple[Sequence[SortColumn], Sequence[Key]]
"""The columns of an order, and the keys of a row in it."""


def beyond(columns: Sequence[SortColumn], keys: Sequence[Key]) -> ColumnElement[bool]:
    """Return the condition for the rows after the one with ``keys``, in order of ``columns``."""
    directions = {column.descending for column in columns}
    if len(directions) == 1 and not any(column.nullable for column in columns):
        row, other = tuple_(*(column.column for column in columns)), tuple_(*keys)
        return row < other if directions.pop() else row > other
    (first, value), *rest = zip(columns, keys, strict=True)
    steps = [first.beyond(value)]
    same = first.same(value)
    for column, key in rest:
        steps.append(and_(same, column.beyond(key)))
        same = and_(same, column.same(key))
    # The bound on the first column follows from the rest; an index on it can start from there.
    return and_(first.not_before(value), or_(*steps))
