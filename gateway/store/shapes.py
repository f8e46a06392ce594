"""Filters split into a shape, which is compiled to SQL once, and operands, which vary.

A shape is the filter's fields as nested tuples, in which a parameter's name stands for an operand.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from strawberry import Some

from gateway.store.overdue import BEFORE
from gateway.store.tables import STATUS_RANKS
from schema.constraints import MAX_TEXT, is_storable
from schema.errors import LimitExceeded
from schema.filters import Filter, OperationStatusFilter, StringFilter
from schema.resource.operation import OperationStatus

Shape = tuple[tuple[str, Any], ...]
"""Names of fields with their values: a shape, several, a flag, parameters, or None.

None stands for a text that no stored text can equal or contain.
"""
Operands = Mapping[str, Any]

MAX_FILTER_CONDITIONS = 500
MAX_FILTER_DEPTH = 16

LONGEST_FOUND = MAX_TEXT * 3
"""In characters: no stored text is longer; case folding makes up to three of one."""

_FLAGS = {"is_null", "ignore_case", "overdue"}


def split_filter(where: Filter | None) -> tuple[Shape, Operands]:
    """Return a filter's shape and its operands by parameter.

    Raises ``LimitExceeded`` for a filter that is too large or too deep for a database to read.
    """
    if where is None:
        return (), {}
    split: tuple[Shape, Operands] | None = where.derived.get(split_filter)
    if split is None:
        operands: dict[str, Any] = {}
        split = _Parts(operands).shape(where, depth=1), operands
        where.derived[split_filter] = split
    return split


class _Parts:
    """Splits the parts of one filter, and counts them."""

    def __init__(self, operands: dict[str, Any]) -> None:
        self._operands = operands
        self._conditions = 0

    def shape(self, part: Filter, depth: int) -> Shape:
        self._count(depth)
        ignore_case = isinstance(part, StringFilter) and part.ignore_case == Some(value=True)
        return tuple(
            [
                (name, self._item(part, name, depth, ignore_case=ignore_case))
                for name in sorted(part.model_fields_set)
            ]
        )

    def _item(self, part: Filter, name: str, depth: int, *, ignore_case: bool) -> Any:  # noqa: ANN401
        value = getattr(part, name).value
        if isinstance(value, Filter):
            return self.shape(value, depth + 1)
        if name == "overdue":
            self._operands[BEFORE] = None  # a time that is set when the statement runs
        if name in _FLAGS:
            return value
        if name in {"and_", "or_"}:
            return tuple(self.shape(inner, depth + 1) for inner in value)
        self._count(depth)
        if isinstance(part, OperationStatusFilter) and isinstance(value, list):
            return tuple(self._parameter(rank) for rank in sorted(set(map(_scalar, value))))
        return self._parameter(_operand(value, ignore_case=ignore_case))

    def _parameter(self, operand: Any) -> str | None:  # noqa: ANN401  any operator's
        if operand is None:
            return None
        parameter = f"w{len(self._operands)}"
        self._operands[parameter] = operand
        return parameter

    def _count(self, depth: int) -> None:
        self._conditions += 1
        if depth > MAX_FILTER_DEPTH:
            raise LimitExceeded(
                f"The filter is nested more than {MAX_FILTER_DEPTH} levels deep. Nest it less.",
                limit="filterDepth",
                value=MAX_FILTER_DEPTH,
                requested=depth,
            )
        if self._conditions > MAX_FILTER_CONDITIONS:
            raise LimitExceeded(
                f"The filter has more than {MAX_FILTER_CONDITIONS} conditions. Give fewer, or use "
                "'in' for several values.",
                limit="filterConditions",
                value=MAX_FILTER_CONDITIONS,
                requested=self._conditions,
            )


def _operand(value: Any, *, ignore_case: bool) -> Any:  # noqa: ANN401  any operator's
    """Return an operand as it is compared in SQL; a list as one JSON text."""
    if isinstance(value, list):
        items = [_scalar(item, ignore_case=ignore_case) for item in value]
        return msgspec.json.encode([item for item in items if item is not None]).decode()
    return _scalar(value, ignore_case=ignore_case)


def _scalar(value: Any, *, ignore_case: bool = False) -> Any:  # noqa: ANN401  as above
    match value:
        case OperationStatus():
            return STATUS_RANKS[str(value.value)]
        case str() if len(value) > LONGEST_FOUND or not is_storable(value):
            return None
        case str() if ignore_case:
            return value.casefold()
    return value
