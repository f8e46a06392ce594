"""Statements that read, built with SQLAlchemy Core and compiled once for each shape."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ClauseElement,
    ColumnElement,
    Select,
    SelectBase,
    bindparam,
    func,
    literal_column,
    select,
    union_all,
)

from gateway.store.conditions import condition, split_identity
from gateway.store.groups import select_groups
from gateway.store.keyset import Bound, SortColumn, beyond, sort_columns
from gateway.store.overdue import BEFORE, Overdue
from gateway.store.selecting import FIELD_COLUMNS, Fields, ordered
from gateway.store.shapes import Shape, split_filter
from gateway.store.tables import identities, operations
from schema.filters import InviteParticipantsOperationFilter
from schema.groups import GroupKey
from schema.ordering import Order
from schema.paging import Keys, Slice

CACHED_STATEMENTS = 1_000

Where = InviteParticipantsOperationFilter | None
Record = tuple[Any, ...]


@dataclass(frozen=True)
class Statement:
    """SQL as a driver takes it, with the parameters that are always the same."""

    sql: str
    constants: Mapping[str, Any]
    names: tuple[str, ...] = ()
    """The order of the parameters, where they have no names in the SQL."""
    lists: frozenset[str] = frozenset()
    """The parameters that the driver takes as lists; to others, a list is one JSON text."""


@dataclass(frozen=True)
class Query:
    """A statement and all its parameters by name."""

    statement: Statement
    parameters: dict[str, Any]


Columns = Sequence[ColumnElement[Any]]
SelectPage = Callable[[Select[Any], Columns], SelectBase]
"""Selects values and sort columns of a page's rows, and the end of the log, for a driver."""
Parts = Callable[
    [Shape, Sequence[SortColumn], Sequence[Bound], ColumnElement[int]], Sequence[Select[Any]]
]
"""Returns subqueries that together select the sequence numbers of a page's rows, each in order.

Returns none if the database reads the page well without them.
"""


def _no_parts(*_: object) -> Sequence[Select[Any]]:
    return ()


class Queries:
    """Makes queries for one kind of database, each statement compiled once."""

    def __init__(
        self,
        compile_: Callable[[ClauseElement], Statement],
        overdue: Overdue,
        select_page: SelectPage,
        *,
        literal_limits: bool = False,
        parts: Parts = _no_parts,
    ) -> None:
        self._overdue = overdue
        self._literal_limits = literal_limits
        """Whether limits are literals: if they are parameters, PostgreSQL plans each execution."""
        cached = lru_cache(CACHED_STATEMENTS)
        self._page = cached(
            lambda *key: compile_(_page(*key, select_page=select_page, parts=parts))
        )
        self._count = cached(lambda *key: compile_(_count(*key)))
        self._groups = cached(lambda *key: compile_(select_groups(*key)))

    def page(self, where: Where, order: Order, part: Slice, fields: Fields = ()) -> Query:
        """Select a slice, and one more row, which shows whether there are more."""
        shape, operands = split_filter(where)
        window = {"limit": part.limit + 1, "offset": part.offset}
        window["end"] = sum(window.values())
        after, before = _add_keys("a", part.after, window), _add_keys("b", part.before, window)
        limit = part.limit + 1 if self._literal_limits and not part.offset else None
        statement = self._page(
            ordered(fields), shape, order, part.backward, after, before, part.offset > 0, limit
        )
        return self._filled(statement, {**operands, **window})

    def count(self, where: Where) -> Query:
        """Count the operations that match."""
        shape, operands = split_filter(where)
        return self._filled(self._count(shape), operands)

    def groups(
        self, by: tuple[GroupKey, ...], where: Where, first: int, *, with_duration: bool
    ) -> Query:
        """Select the largest groups, as ``gateway.store.groups`` reads them."""
        shape, operands = split_filter(where)
        statement = self._groups(by, shape, with_duration)
        return self._filled(statement, {**operands, "limit": first})

    def _filled(self, statement: Statement, parameters: Mapping[str, Any]) -> Query:
        parameters = {**statement.constants, **parameters}
        if BEFORE in parameters:
            parameters[BEFORE] = self._overdue.before()
        return Query(statement, parameters)


Names = tuple[str | None, ...]
"""The parameters that hold the keys of a bound, None for a key that is null; empty: no bound."""


def _add_keys(prefix: str, keys: Keys | None, parameters: dict[str, Any]) -> Names:
    """Add the keys of a bound to the parameters, and return their names."""
    named = {f"{prefix}{index}": key for index, key in enumerate(keys or ())}
    parameters.update({name: key for name, key in named.items() if key is not None})
    return tuple(None if key is None else name for name, key in named.items())


def _page(  # noqa: PLR0913, PLR0917  all that the statement depends on, in one key
    fields: Fields,
    shape: Shape,
    order: Order,
    backward: bool,  # noqa: FBT001
    after: Names,
    before: Names,
    has_offset: bool,  # noqa: FBT001
    limit: int | None,
    *,
    select_page: SelectPage,
    parts: Parts,
) -> SelectBase:
    """Select a page; ``limit`` is its literal limit, or None for a parameter."""
    columns = sort_columns(order, backward=backward)
    ordered = [column.ordered() for column in columns]
    bounds = [
        _bound(sort_columns(order, backward=against), names)
        for names, against in ((after, False), (before, True))
        if names
    ]
    within = [beyond(*bound) for bound in bounds]
    values = (FIELD_COLUMNS[name].label(name) for name in fields)
    rows = select(*values) if fields else select(operations.c.document)
    end = _row_count("end", limit)
    rest, statuses = _split_statuses(shape)
    without_identity, identity = split_identity(shape)
    if identity is not None and not order:
        # The index of identities has the operations of each in the default order.
        rows = rows.select_from(_WITH_IDENTITIES).where(
            identity, condition(without_identity, by_identity=True), *within
        )
        ordered = [replace(columns[0], column=identities.c.operation_seq).ordered()]
    elif found := parts(shape, columns, bounds, end):
        rows = rows.where(_is_in_first(found, end))
    elif len(statuses) > 1:
        found = _by_status(statuses, [condition(rest), *within], ordered)
        rows = rows.where(_is_in_first(found, end))
    else:
        rows = rows.where(condition(shape), *within)
    rows = (
        rows.order_by(*ordered)
        .limit(_row_count("limit", limit))
        .offset(_row_count("offset") if has_offset else None)
    )
    return select_page(rows, [column.column for column in columns])


_WITH_IDENTITIES = identities.join(operations, identities.c.operation_seq == operations.c.seq)


def _split_statuses(shape: Shape) -> tuple[Shape, tuple[str, ...]]:
    """Split the list of statuses from the rest of a filter; return the rest and the list."""
    status = dict(shape).get("status", ())
    others = tuple(item for item in status if item[0] != "in_")
    rest = (*(item for item in shape if item[0] != "status"), ("status", others))
    return rest, dict(status).get("in_", ())


def _by_status(
    statuses: tuple[str, ...],
    conditions: Sequence[ColumnElement[bool]],
    ordered: Sequence[ColumnElement[Any]],
) -> Sequence[Select[Any]]:
    """Return a subquery for each status: an index has the rows of one in order, not of several."""
    return [
        select(operations.c.seq)
        .where(operations.c.status == bindparam(status), *conditions)
        .order_by(*ordered)
        for status in statuses
    ]


def _is_in_first(parts: Sequence[Select[Any]], count: ColumnElement[int]) -> ColumnElement[bool]:
    """Return the condition that a row is among the first ``count`` rows of one of the subqueries.

    These include the first ``count`` rows of all, and so a page that ends there.
    """
    firsts = [part.limit(count).subquery() for part in parts]
    return operations.c.seq.in_(union_all(*(select(first.c.seq) for first in firsts)))


def _row_count(name: str, literal: int | None = None) -> ColumnElement[int]:
    """Return a number of rows: a literal if it is given, or else a parameter."""
    if literal is None:
        return bindparam(name, type_=BigInteger)
    return literal_column(str(literal), BigInteger)


def _bound(columns: Sequence[SortColumn], names: Names) -> Bound:
    keys = [
        None if name is None else bindparam(name, type_=column.column.type)
        for column, name in zip(columns, names, strict=True)
    ]
    return columns, keys


def _count(shape: Shape) -> Select[Any]:
    return select(func.count()).select_from(operations).where(condition(shape))
