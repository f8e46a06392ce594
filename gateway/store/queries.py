"""The statements that read, built with SQLAlchemy Core."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal_column, select

from gateway.store.conditions import condition
from gateway.store.keyset import beyond, sort_columns
from gateway.store.tables import STATUS_NAMES, operations
from schema.filters import InviteParticipantsOperationFilter
from schema.groups import GroupKey, InviteParticipantsOperationGroup
from schema.ordering import Order
from schema.paging import Page, Row, Slice
from schema.resource.operation import OperationStatus, StoredOperation
from schema.scalars import DateTime

Where = InviteParticipantsOperationFilter | None
Record = Sequence[Any]

_GROUP_COLUMNS: dict[GroupKey, ColumnElement[Any]] = {
    GroupKey.STATUS: operations.c.status,
    GroupKey.CALL_ID: operations.c.call_id,
    GroupKey.RESULT_CODE: operations.c.result_code,
    GroupKey.RESULT_SUBCODE: operations.c.result_subcode,
    GroupKey.CREATED_DAY: func.substr(operations.c.created_at, 1, len("2026-01-31")),
    GroupKey.CREATED_HOUR: func.substr(operations.c.created_at, 1, len("2026-01-31T09")),
}


def page_statement(where: Where, order: Order, part: Slice) -> Select[Any]:
    """Select a slice, and one row more to tell whether there is more."""
    columns = sort_columns(order, backward=part.backward)
    bounds = []
    if part.after is not None:
        bounds.append(beyond(sort_columns(order, backward=False), part.after))
    if part.before is not None:
        bounds.append(beyond(sort_columns(order, backward=True), part.before))
    return (
        select(operations.c.document, *(column.column for column in columns))
        .where(condition(where), *bounds)
        .order_by(*(column.ordered() for column in columns))
        .limit(part.limit + 1)
        .offset(part.offset or None)
    )


def page(records: Sequence[Record], part: Slice) -> Page:
    """Read the rows of ``page_statement``."""
    rows = [
        Row(StoredOperation(document.encode()), tuple(keys))
        for document, *keys in records[: part.limit]
    ]
    return Page(rows[::-1] if part.backward else rows, more=len(records) > part.limit)


def count_statement(where: Where) -> Select[Any]:
    """Count the operations that match."""
    return select(func.count()).select_from(operations).where(condition(where))


def groups_statement(by: Sequence[GroupKey], where: Where, first: int) -> Select[Any]:
    """Select the largest groups: their keys, size, and first and last creation."""
    keys = [_GROUP_COLUMNS[key].label(key.name) for key in by]
    size = func.count().label("size")
    return (
        select(*keys, size, func.min(operations.c.created_at), func.max(operations.c.created_at))
        .where(condition(where))
        .group_by(*(literal_column(key.name) for key in keys))
        .having(size > 0)
        .order_by(size.desc(), *(key.asc().nulls_first() for key in keys))
        .limit(first)
    )


def group(by: Sequence[GroupKey], record: Record) -> InviteParticipantsOperationGroup:
    """Read a row of ``groups_statement``."""
    *values, size, earliest, latest = record
    keys = dict(zip(by, values, strict=True))
    status = keys.get(GroupKey.STATUS)
    day, hour = keys.get(GroupKey.CREATED_DAY), keys.get(GroupKey.CREATED_HOUR)
    begins = f"{hour}:00:00.000000Z" if hour else f"{day}T00:00:00.000000Z"
    return InviteParticipantsOperationGroup(
        status=None if status is None else OperationStatus(STATUS_NAMES[status]),
        call_id=keys.get(GroupKey.CALL_ID),
        result_code=keys.get(GroupKey.RESULT_CODE),
        result_subcode=keys.get(GroupKey.RESULT_SUBCODE),
        created_from=DateTime(begins) if hour or day else None,
        count=size,
        earliest=earliest,
        latest=latest,
    )
