"""Pages whose rows are found first, in parts that an index gives in order.

PostgreSQL takes columns to be independent of each other, but times and sequence numbers grow
together. In the order of one it would read all that is newer to find what was long ago by another.
It keeps one plan for all statuses, by which it would read as much to find one that is rare; the
numbers of its operations alone are always best read from the index of statuses.

Two indexes give an order only of the nulls and of the values of a column, each for themselves. That
of calls is of the beginnings of their ids, which may be too long for one: calls that begin alike
are sorted, and nulls, of which there may be many, are not to be among them. That of ends has nulls
where they are the lowest value.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Select, false, func, literal_column, select, true

from gateway.store.conditions import condition, unindexed
from gateway.store.keyset import Bound, SortColumn, beyond
from gateway.store.postgres.columns import LONGEST_KEY
from gateway.store.shapes import Shape
from gateway.store.tables import operations

Columns = Sequence[SortColumn]

_TIMES = ("created_at", "updated_at", "ended_at")
_GROWING = ("seq", *_TIMES)
_FROM, _TO = {"gt", "gte"}, {"lt", "lte"}
_LONGEST: ColumnElement[int] = literal_column(str(LONGEST_KEY))


def parts(shape: Shape, columns: Columns, bounds: Sequence[Bound]) -> list[Select[Any]]:
    """Return what selects the sequence numbers of each part; nothing for a page that needs none.

    ``bounds`` are those of the page: columns of an order, and the keys that a row has to be beyond.
    """
    first, *rest = columns
    rows = select(operations.c.seq).where(condition(shape))
    within = rows.where(*(beyond(*bound) for bound in bounds))
    others = [name for name in _spans(shape) if name != first.column.name]
    if others and first.column.name in _GROWING:
        return [_ordered(within, [replace(first, column=unindexed(first.column)), *rest])]
    if first.column is operations.c.seq and "eq" in dict(dict(shape).get("status", ())):
        return [_ordered(within, columns)]
    if first.column is operations.c.call_id:
        nulls = rest
        values = _by_beginning(columns)
    elif first.column is operations.c.ended_at and (
        bounds or first.nulls_first is first.descending
    ):
        nulls = values = [replace(first, nulls_first=not first.descending), *rest]
    else:
        return []
    return [
        _ordered(rows.where(first.column.is_(None), *map(_among_nulls, bounds)), nulls),
        _ordered(rows.where(values[0].column.is_not(None), *map(_among_values, bounds)), values),
    ]


def _spans(shape: Shape) -> Iterator[str]:
    """Return the times that a filter wants to be between two others."""
    compared = [*_compared(shape)]
    for name in _TIMES:
        operators = {operator for column, operator in compared if column == name}
        if operators & _FROM and operators & _TO:
            yield name


def _compared(shape: Shape) -> Iterator[tuple[str, str]]:
    """Return the times that each operation wanted is compared by, each with an operator."""
    for name, item in shape:
        if name == "and_":
            for part in item:
                yield from _compared(part)
        elif name in _TIMES:
            yield from ((name, operator) for operator, _ in item)


def _ordered(rows: Select[Any], columns: Columns) -> Select[Any]:
    return rows.order_by(*(column.ordered() for column in columns))


def _among_nulls(bound: Bound) -> ColumnElement[bool]:
    """Hold for the nulls that are beyond a row."""
    columns, keys = bound
    if keys[0] is None:
        return beyond(columns[1:], keys[1:])
    return false() if columns[0].nulls_first else true()


def _among_values(bound: Bound) -> ColumnElement[bool]:
    """Hold for the values that are beyond a row."""
    columns, keys = bound
    first, key = columns[0], keys[0]
    if key is None:
        return true() if first.nulls_first else false()
    if first.column is operations.c.call_id:
        return beyond(_by_beginning(columns), [func.left(key, _LONGEST), *keys])
    return beyond([replace(first, nullable=False), *columns[1:]], keys)


def _by_beginning(columns: Columns) -> Columns:
    """Return the columns of an order of values with that before them which the index has."""
    first = replace(columns[0], nullable=False)
    beginning = func.left(first.column, _LONGEST)
    return [replace(first, column=beginning), first, *columns[1:]]
