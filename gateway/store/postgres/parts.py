"""Subqueries for pages that PostgreSQL's planner would read slowly.

A page is selected by the sequence numbers of its rows, which each subquery reads in order from an
index. There are three cases:

- A filter on a range of times, ordered by another time or the sequence number. The planner assumes
  that columns are independent, but these grow together: it would read all newer rows of the order.
  So only the first rows of the order are searched for a page. If it is not among them, all rows of
  the range are sorted.
- A filter on a status, ordered by the sequence number. The planner uses one plan for all statuses,
  and would read most of the table to find a rare one; the index of statuses is always good.
- An order by call or end time. The index of calls has only the beginnings of ids, which may be too
  long: calls with equal beginnings are sorted, and there may be too many nulls to sort with them.
  The index of end times has nulls as the lowest values. So nulls and values are read separately.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Select, false, func, literal_column, select, true
from sqlalchemy.sql.util import ClauseAdapter

from gateway.store.conditions import condition, unindexed
from gateway.store.keyset import Bound, SortColumn, beyond
from gateway.store.postgres.columns import LONGEST_KEY
from gateway.store.shapes import Shape
from gateway.store.tables import operations

Columns = Sequence[SortColumn]

_TIMES = ("created_at", "updated_at", "ended_at")
_GROWING = ("seq", *_TIMES)
FIRST_ROWS = 1_000
"""How many rows are searched for those in a range of times: in under a millisecond."""
_FROM, _TO = {"gt", "gte"}, {"lt", "lte"}
_LONGEST: ColumnElement[int] = literal_column(str(LONGEST_KEY))


def parts(
    shape: Shape, columns: Columns, bounds: Sequence[Bound], count: ColumnElement[int]
) -> list[Select[Any]]:
    """Return the subqueries of a page; none if it needs none.

    A row of the page is beyond all ``bounds``, each the columns of an order and the keys of a row.
    The page is among the first ``count`` of these rows.
    """
    first, *rest = columns
    rows = select(operations.c.seq).where(condition(shape))
    within = rows.where(*(beyond(*bound) for bound in bounds))
    others = [name for name in _spans(shape) if name != first.column.name]
    if others and first.column.name in _GROWING:
        found = _among_first(shape, columns, bounds).limit(count).cte("found")
        has_page = select(func.count()).select_from(found).scalar_subquery() == count
        by_range = _ordered(within, [replace(first, column=unindexed(first.column)), *rest])
        return [select(found.c.seq), by_range.where(~has_page)]
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
    """Yield the time columns for which a filter has both a lower and an upper bound."""
    compared = [*_compared(shape)]
    for name in _TIMES:
        operators = {operator for column, operator in compared if column == name}
        if operators & _FROM and operators & _TO:
            yield name


def _compared(shape: Shape) -> Iterator[tuple[str, str]]:
    """Yield the time columns with which a filter compares every operation, with each operator."""
    for name, item in shape:
        if name == "and_":
            for part in item:
                yield from _compared(part)
        elif name in _TIMES:
            yield from ((name, operator) for operator, _ in item)


def _among_first(shape: Shape, columns: Columns, bounds: Sequence[Bound]) -> Select[Any]:
    """Select the matching rows in order, of the first ``FIRST_ROWS`` beyond all bounds."""
    rows = select(operations).where(*(beyond(*bound) for bound in bounds))
    first = _ordered(rows, columns).limit(literal_column(str(FIRST_ROWS))).subquery("first")
    adapted = ClauseAdapter(first)
    ordered = (adapted.traverse(column.ordered()) for column in columns)
    return select(first.c.seq).where(adapted.traverse(condition(shape))).order_by(*ordered)


def _ordered(rows: Select[Any], columns: Columns) -> Select[Any]:
    return rows.order_by(*(column.ordered() for column in columns))


def _among_nulls(bound: Bound) -> ColumnElement[bool]:
    """Return the condition that a row whose first key is null is beyond a bound."""
    columns, keys = bound
    if keys[0] is None:
        return beyond(columns[1:], keys[1:])
    return false() if columns[0].nulls_first else true()


def _among_values(bound: Bound) -> ColumnElement[bool]:
    """Return the condition that a row whose first key is not null is beyond a bound."""
    columns, keys = bound
    first, key = columns[0], keys[0]
    if key is None:
        return true() if first.nulls_first else false()
    if first.column is operations.c.call_id:
        return beyond(_by_beginning(columns), [func.left(key, _LONGEST), *keys])
    return beyond([replace(first, nullable=False), *columns[1:]], keys)


def _by_beginning(columns: Columns) -> Columns:
    """Return the columns of an order by call, with the beginning of its id first."""
    first = replace(columns[0], nullable=False)
    beginning = func.left(first.column, _LONGEST)
    return [replace(first, column=beginning), first, *columns[1:]]
