"""The order of lists of operations."""

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Self

import strawberry
from pydantic import Field, model_validator
from strawberry import Maybe

from schema.errors import LimitExceeded
from schema.resource.base import Model
from schema.validation import refuse_invalid_values

MAX_SORT_KEYS = 8


@strawberry.enum(
    description=(
        "The direction of a sort key, and the place of nulls. By default, null is the lowest value."
    )
)
class SortDirection(Enum):
    """A direction, and the order of nulls."""

    ASC = strawberry.enum_value("ASC", description="Ascending, nulls first.")
    ASC_NULLS_FIRST = strawberry.enum_value("ASC_NULLS_FIRST", description="The same as `ASC`.")
    ASC_NULLS_LAST = strawberry.enum_value("ASC_NULLS_LAST", description="Ascending, nulls last.")
    DESC = strawberry.enum_value("DESC", description="Descending, nulls last.")
    DESC_NULLS_FIRST = strawberry.enum_value(
        "DESC_NULLS_FIRST", description="Descending, nulls first."
    )
    DESC_NULLS_LAST = strawberry.enum_value("DESC_NULLS_LAST", description="The same as `DESC`.")


class SortField(StrEnum):
    """The paths of the fields to sort by."""

    ID = "id"
    CALL_ID = "callId"
    CLIENT_CONTEXT = "clientContext"
    STATUS = "status"
    RESULT_CODE = "resultInfo.code"
    RESULT_SUBCODE = "resultInfo.subcode"
    RESULT_MESSAGE = "resultInfo.message"
    VERSION = "version"
    CREATED_AT = "createdAt"
    UPDATED_AT = "updatedAt"
    ENDED_AT = "endedAt"

    @property
    def attribute(self) -> str:
        """Its name in Python, as `result_code`."""
        return self.name.lower()


@dataclass(frozen=True)
class SortKey:
    """One key of an order."""

    field: SortField
    descending: bool
    nulls_first: bool


Order = tuple[SortKey, ...]
"""Keys from the most to the least significant; an empty order is newest first."""


class OrderInput(Model):
    """An input with exactly one field."""

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise ValueError("Give exactly one field.")
        return self


@strawberry.pydantic.input(
    one_of=True, description="A field of `resultInfo` to sort by: give exactly one."
)
class ResultInfoOrder(OrderInput):
    """The keys within ``resultInfo``."""

    code: Maybe[SortDirection] = Field(description="By `resultInfo.code`.")
    subcode: Maybe[SortDirection] = Field(description="By `resultInfo.subcode`.")
    message: Maybe[SortDirection] = Field(
        description="By `resultInfo.message`, compared by code point."
    )


@refuse_invalid_values
@strawberry.pydantic.input(
    one_of=True,
    description=(
        "A field to sort by: give exactly one, and several of these objects to sort by several "
        "fields. Ties are broken by the order of creation. Strings are compared by code point."
    ),
)
class InviteParticipantsOperationOrder(OrderInput):
    """The keys of an operation."""

    id: Maybe[SortDirection] = Field(description="By `id`.")
    call_id: Maybe[SortDirection] = Field(description="By `callId`.")
    client_context: Maybe[SortDirection] = Field(description="By `clientContext`.")
    status: Maybe[SortDirection] = Field(
        description="By `status`, in the order `NotStarted`, `Running`, `Completed`, `Failed`."
    )
    result_info: Maybe[ResultInfoOrder] = Field(description="By a field of `resultInfo`.")
    version: Maybe[SortDirection] = Field(description="By `version`.")
    created_at: Maybe[SortDirection] = Field(description="By `createdAt`.")
    updated_at: Maybe[SortDirection] = Field(description="By `updatedAt`.")
    ended_at: Maybe[SortDirection] = Field(
        description="By `endedAt`, which is null until the operation has ended."
    )


def _key(field: SortField, direction: SortDirection) -> SortKey:
    descending = direction.name.startswith("DESC")
    nulls_first = direction.name.endswith("NULLS_FIRST") or direction is SortDirection.ASC
    return SortKey(field, descending=descending, nulls_first=nulls_first)


def _only_field(order: OrderInput) -> tuple[str, object]:
    """Return the name and the value of the only field."""
    (name,) = order.model_fields_set
    return name, getattr(order, name).value


def sort_keys(order_by: list[InviteParticipantsOperationOrder] | None) -> Order:
    """Return the keys of the argument ``orderBy``, without repeated fields.

    Raises ``LimitExceeded`` for more than ``MAX_SORT_KEYS`` keys.
    """
    order_by = order_by or []
    if len(order_by) > MAX_SORT_KEYS:
        raise LimitExceeded(
            f"'orderBy' has {len(order_by):,} keys, and the limit is {MAX_SORT_KEYS}. Give fewer.",
            limit="sortKeys",
            value=MAX_SORT_KEYS,
            requested=len(order_by),
        )
    keys: dict[SortField, SortKey] = {}
    for order in order_by:
        name, value = _only_field(order)
        if isinstance(value, ResultInfoOrder):
            inner, value = _only_field(value)
            name = f"result_{inner}"
        if isinstance(value, SortDirection):
            field = SortField[name.upper()]
            keys.setdefault(field, _key(field, value))
    return tuple(keys.values())
