"""Groups of operations with equal values: the statement that selects them, and its rows."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    bindparam,
    cast,
    func,
    literal_column,
    null,
    select,
    union_all,
)

from gateway.store.conditions import condition
from gateway.store.constructs import Percentiles
from gateway.store.shapes import Shape
from gateway.store.tables import (
    IDENTITY_KIND_BITS,
    NO_IDENTITY,
    OTHER_IDENTITY,
    STATUS_NAMES,
    operations,
)
from schema.groups import (
    DurationStatistics,
    GroupKey,
    IdentityKind,
    InviteParticipantsOperationGroup,
)
from schema.resource.operation import OperationStatus
from schema.scalars import DateTime

_KINDS = {
    NO_IDENTITY: None,
    **{bit: IdentityKind(kind) for kind, bit in IDENTITY_KIND_BITS.items()},
    OTHER_IDENTITY: IdentityKind.OTHER,
}
"""The kinds of identities by their bits."""
_BITS = union_all(*(select(literal_column(str(bit)).label("bit")) for bit in _KINDS)).subquery()
_WITH_KINDS = operations.join(_BITS, operations.c.identity_kinds.bitwise_and(_BITS.c.bit) != 0)

_COLUMNS: dict[GroupKey, ColumnElement[Any]] = {
    GroupKey.STATUS: operations.c.status,
    GroupKey.CALL_ID: operations.c.call_id,
    GroupKey.RESULT_CODE: operations.c.result_code,
    GroupKey.RESULT_SUBCODE: operations.c.result_subcode,
    GroupKey.RESULT_MESSAGE: operations.c.result_message,
    GroupKey.RESULT_DIAG_CODE: operations.c.result_diag_code,
    GroupKey.IDENTITY_KIND: _BITS.c.bit,
    GroupKey.CREATED_DAY: func.substr(operations.c.created_at, 1, len("2026-01-31")),
    GroupKey.CREATED_HOUR: func.substr(operations.c.created_at, 1, len("2026-01-31T09")),
    GroupKey.CREATED_MINUTE: func.substr(operations.c.created_at, 1, len("2026-01-31T09:30")),
}
_REST_OF_TIME = {
    GroupKey.CREATED_MINUTE: ":00.000000Z",
    GroupKey.CREATED_HOUR: ":00:00.000000Z",
    GroupKey.CREATED_DAY: "T00:00:00.000000Z",
}
"""The rest of the time at which a key's day, hour or minute starts; the shortest first."""

_MICROSECONDS = 1_000_000
_KIND = GroupKey.IDENTITY_KIND.name.lower()

Keys = dict[str, ColumnElement[Any]]
"""Columns, such as those to group by, by their names in the statement."""


def select_groups(by: tuple[GroupKey, ...], shape: Shape, with_duration: bool) -> Select[Any]:  # noqa: FBT001  a part of a cache's key
    """Select the largest groups: keys, size, first and last creation, percentiles of durations."""
    keys = {key.name.lower(): _COLUMNS[key] for key in by}
    if with_duration:
        rows = _rows(keys | {"duration": operations.c.duration}, shape)
    elif _KIND in keys:
        rows = _counted_by_kinds(keys, shape)
    else:
        rows = _rows(keys, shape)
    names: list[ColumnElement[Any]] = [literal_column(name) for name in keys]
    matching = rows.subquery("matching")
    size = cast(func.sum(matching.c.size), BigInteger).label("total")
    percentiles = Percentiles(matching.c.duration) if with_duration else null()
    return (
        select(*names, size, func.min(matching.c.first), func.max(matching.c.last), percentiles)
        .select_from(matching)
        .group_by(*names)
        .having(size > 0)
        .order_by(size.desc(), *(name.asc().nulls_first() for name in names))
        .limit(bindparam("limit", type_=BigInteger))
    )


def _rows(columns: Keys, shape: Shape) -> Select[Any]:
    """Select columns of the operations that match, and what each adds to its group."""
    created_at = operations.c.created_at
    return (
        select(
            *(column.label(name) for name, column in columns.items()),
            created_at.label("first"),
            created_at.label("last"),
            literal_column("1", BigInteger).label("size"),
        )
        .select_from(_WITH_KINDS if _KIND in columns else operations)
        .where(condition(shape))
    )


def _counted_by_kinds(keys: Keys, shape: Shape) -> Select[Any]:
    """Count by the set of an operation's kinds first, since there are few; then by each kind."""
    sets = keys | {_KIND: operations.c.identity_kinds}
    created_at = operations.c.created_at
    counted = (
        select(
            *(column.label(name) for name, column in sets.items()),
            func.min(created_at).label("first"),
            func.max(created_at).label("last"),
            func.count().label("size"),
        )
        .where(condition(shape))
        .group_by(*map(literal_column, sets))
        .subquery("counted")
    )
    others = (column for column in counted.c if column.name != _KIND)
    return select(*others, _BITS.c.bit.label(_KIND)).select_from(
        counted.join(_BITS, counted.c[_KIND].bitwise_and(_BITS.c.bit) != 0)
    )


def read_group(
    by: Sequence[GroupKey],
    record: Sequence[Any],
    percentiles_of: Callable[[Any], Sequence[int]] = tuple,
) -> InviteParticipantsOperationGroup:
    """Read a row of the statement of ``select_groups``.

    ``percentiles_of`` makes the percentiles, in microseconds, of what the database selects for
    ``Percentiles``.
    """
    *columns, durations = record
    *values, size, earliest, latest = map(_text, columns)
    keys = dict(zip(by, values, strict=True))
    status = keys.get(GroupKey.STATUS)
    return InviteParticipantsOperationGroup(
        status=None if status is None else OperationStatus(STATUS_NAMES[status]),
        call_id=keys.get(GroupKey.CALL_ID),
        result_code=keys.get(GroupKey.RESULT_CODE),
        result_subcode=keys.get(GroupKey.RESULT_SUBCODE),
        result_message=keys.get(GroupKey.RESULT_MESSAGE),
        result_diag_code=keys.get(GroupKey.RESULT_DIAG_CODE),
        identity_kind=_KINDS[keys.get(GroupKey.IDENTITY_KIND, NO_IDENTITY)],
        created_from=_beginning(keys),
        count=size,
        earliest=earliest,
        latest=latest,
        duration=None if durations is None else _duration(percentiles_of(durations)),
    )


def _duration(percentiles: Sequence[int]) -> DurationStatistics:
    median, p95 = percentiles
    return DurationStatistics(median=median / _MICROSECONDS, p95=p95 / _MICROSECONDS)


def _beginning(keys: dict[GroupKey, Any]) -> DateTime | None:
    for key, rest in _REST_OF_TIME.items():
        if key in keys:
            return DateTime(keys[key] + rest)
    return None


def _text(value: Any) -> Any:  # noqa: ANN401  a column's
    """Decode a column: text comes as bytes, so that documents need no decoding."""
    return value.decode() if isinstance(value, bytes) else value
